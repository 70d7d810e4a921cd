// Node's http module with one connection that is kept. Each line in asks for something, each line out is what came back.
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const parts = (name, content) => Buffer.concat([
  Buffer.from(`--wabox\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`),
  content,
  Buffer.from('\r\n--wabox--\r\n'),
]);

async function prepared({ kind, body, file }) {
  const given = Buffer.from(body ?? '', 'base64');
  if (kind === 'json') return [given, { 'content-type': 'application/json', 'content-length': given.length }];
  if (kind === 'form') {
    return [given, { 'content-type': 'application/x-www-form-urlencoded', 'content-length': given.length }];
  }
  if (kind !== 'file') return [given, kind === 'raw' ? { 'content-length': given.length } : {}];
  const whole = parts(basename(file), await readFile(file));
  return [whole, { 'content-type': 'multipart/form-data; boundary=wabox', 'content-length': whole.length }];
}

async function asked(ask) {
  const [body, headers] = await prepared(ask);
  return new Promise((done) => {
    const sent = request(ask.url, { agent, method: ask.method, headers: { ...headers, ...ask.headers } }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => done({
        status: answer.statusCode,
        headers: answer.headers,
        body: Buffer.concat(chunks).toString('base64'),
        reused: sent.reusedSocket,
        error: '',
      }));
    });
    sent.on('error', (error) => done({ status: 0, headers: {}, body: '', error: String(error) }));
    const write = () => {
      for (let at = 0; ask.kind === 'chunked' && at < body.length; at += 7) sent.write(body.subarray(at, at + 7));
      sent.end(ask.kind === 'chunked' ? undefined : body);
    };
    if (sent.getHeader('expect')) sent.on('continue', write);
    else write();
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await asked(JSON.parse(line))));
}
agent.destroy();
