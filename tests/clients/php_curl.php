<?php
// PHP's curl extension, as shops use it. Each line in asks for something, each line out is what came back.
$ch = curl_init();
while (($line = fgets(STDIN)) !== false) {
    $ask = json_decode($line, true);
    $given = [];
    foreach ($ask['headers'] as $name => $value) {
        $given[] = "$name: $value";
    }
    $got = [];
    curl_reset($ch); // the connection stays
    curl_setopt_array($ch, [
        CURLOPT_URL => $ask['url'],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 20,
        CURLOPT_PROXY => '',
        CURLOPT_HEADERFUNCTION => function ($ch, $header) use (&$got) {
            $parts = explode(':', $header, 2);
            if (count($parts) === 2) {
                $got[strtolower($parts[0])] = trim($parts[1]);
            }
            return strlen($header);
        },
    ]);
    $body = base64_decode($ask['body'] ?? '');
    switch ($ask['kind']) {
        case 'json':
            curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode(json_decode($body)));
            $given[] = 'Content-Type: application/json';
            break;
        case 'form':
            parse_str($body, $fields);
            curl_setopt($ch, CURLOPT_POSTFIELDS, http_build_query($fields));
            break;
        case 'parts':
            parse_str($body, $fields);
            curl_setopt($ch, CURLOPT_POSTFIELDS, $fields);
            break;
        case 'file':
            curl_setopt($ch, CURLOPT_POSTFIELDS, ['file' => new CURLFile($ask['file'])]);
            break;
        case 'raw':
            curl_setopt($ch, CURLOPT_POSTFIELDS, $body);
            break;
        case 'chunked':
            $sent = 0;
            curl_setopt($ch, CURLOPT_POST, true);
            curl_setopt($ch, CURLOPT_READFUNCTION, function ($ch, $file, $most) use (&$sent, $body) {
                $part = substr($body, $sent, min($most, 7));
                $sent += strlen($part);
                return $part;
            });
            $given[] = 'Transfer-Encoding: chunked';
            break;
    }
    if ($ask['method'] === 'HEAD') {
        curl_setopt($ch, CURLOPT_NOBODY, true);
    } else {
        curl_setopt($ch, CURLOPT_CUSTOMREQUEST, $ask['method']);
    }
    curl_setopt($ch, CURLOPT_HTTPHEADER, $given);
    $answer = curl_exec($ch);
    echo json_encode([
        'status' => curl_getinfo($ch, CURLINFO_RESPONSE_CODE),
        'headers' => (object) $got,
        'body' => base64_encode((string) $answer),
        'reused' => curl_getinfo($ch, CURLINFO_NUM_CONNECTS ?? 0) === 0,
        'error' => curl_error($ch),
    ]), "\n";
}
