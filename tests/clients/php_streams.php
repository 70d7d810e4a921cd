<?php
// PHP without any extension: file_get_contents. Each line in asks for something, each line out is what came back.
while (($line = fgets(STDIN)) !== false) {
    $ask = json_decode($line, true);
    $body = base64_decode($ask['body'] ?? '');
    $headers = $ask['headers'];
    switch ($ask['kind']) {
        case 'json':
            $body = json_encode(json_decode($body));
            $headers['Content-Type'] = 'application/json';
            break;
        case 'form':
            $headers['Content-Type'] = 'application/x-www-form-urlencoded';
            break;
        case 'file':
            $name = basename($ask['file']);
            $body = "--wabox\r\nContent-Disposition: form-data; name=\"file\"; filename=\"$name\"\r\n\r\n"
                . file_get_contents($ask['file']) . "\r\n--wabox--\r\n";
            $headers['Content-Type'] = 'multipart/form-data; boundary=wabox';
            break;
    }
    $given = '';
    foreach ($headers as $name => $value) {
        $given .= "$name: $value\r\n";
    }
    $answer = @file_get_contents($ask['url'], false, stream_context_create(['http' => [
        'method' => $ask['method'],
        'header' => $given,
        'content' => $body,
        'ignore_errors' => true,
        'timeout' => 20,
    ]]));
    $got = [];
    foreach ($http_response_header ?? [] as $header) {
        $parts = explode(':', $header, 2);
        if (count($parts) === 2) {
            $got[strtolower($parts[0])] = trim($parts[1]);
        }
    }
    preg_match('#^HTTP/\S+ (\d+)#', $http_response_header[0] ?? '', $found);
    echo json_encode([
        'status' => (int) ($found[1] ?? 0),
        'headers' => (object) $got,
        'body' => base64_encode((string) $answer),
        'error' => $answer === false ? (error_get_last()['message'] ?? '') : '',
    ]), "\n";
}
