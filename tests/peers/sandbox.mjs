// A sandbox of its own for one check, and small words for its control API.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHash } from 'node:crypto';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const START = 'from wabox.cli.sandbox import command; command()';

export async function startSandbox() {
  const python = join(ROOT, '.venv', 'bin', 'python');
  const child = spawn(python, ['-c', START, '--port', '0', '--tls-port', '0'], { cwd: ROOT });
  child.stderr.on('data', (chunk) => process.stderr.write(chunk));
  const line = await new Promise((resolve, reject) => {
    child.stdout.once('data', (chunk) => resolve(String(chunk)));
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)));
  });
  const [, url] = /ready at (\S+)/.exec(line);
  const [, tlsPort] = /TLS on port (\d+)/.exec(line);
  const scratch = mkdtempSync(join(tmpdir(), 'peers-'));
  return {
    url,
    scratch,
    args: [
      '--no-sandbox',
      '--ignore-certificate-errors',
      `--host-resolver-rules=MAP web.whatsapp.com 127.0.0.1:${tlsPort}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
    ],
    call: (method, path, body) => call(url, method, path, body),
    stop() {
      child.kill('SIGTERM');
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

async function call(url, method, path, body) {
  const answer = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const data = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(data)}`);
  return data;
}

export async function until(what, test, ms = 20_000) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    const value = await test();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited ${ms} ms in vain for: ${what}`);
}

export const PICTURE = { base64: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  mime: 'image/png', filename: 'look.png' };
export const hashOf = (base64) => createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');

// The file is there, byte for byte: the clients do not wait for that.
export const arrives = (sandbox, to, base64) => until('the file', async () => {
  const { messages } = await sandbox.call('GET', `/sandbox/messages?to=${to}`);
  return messages.find(({ media }) => media && media.sha256 === hashOf(base64));
});

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function checker(name) {
  const began = Date.now();
  return (what, good, detail = '') => {
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    console.log(`${good ? 'ok  ' : 'FAIL'} ${name} ${seconds}s ${what} ${detail}`);
    if (!good) throw new Error(`${name}: ${what} ${detail}`);
  };
}
