// Node's fetch. Each line in asks for something, each line out is what came back.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';

const bodies = {
  none: () => ({}),
  json: (body) => ({ body: JSON.stringify(JSON.parse(body)), headers: { 'content-type': 'application/json' } }),
  form: (body) => ({ body: new URLSearchParams(body.toString()) }),
  raw: (body) => ({ body }),
  parts: (body) => {
    const form = new FormData();
    for (const [name, value] of new URLSearchParams(body.toString())) form.set(name, value);
    return { body: form };
  },
  file: async (_body, { file }) => {
    const form = new FormData();
    form.set('file', new Blob([await readFile(file)]), basename(file));
    return { body: form };
  },
  chunked: (body) => ({
    duplex: 'half',
    body: new ReadableStream({
      start(stream) {
        for (let at = 0; at < body.length; at += 7) stream.enqueue(body.subarray(at, at + 7));
        stream.close();
      },
    }),
  }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const ask = JSON.parse(line);
  let told;
  try {
    const made = await bodies[ask.kind](Buffer.from(ask.body ?? '', 'base64'), ask);
    const answer = await fetch(ask.url, { method: ask.method, ...made, headers: { ...made.headers, ...ask.headers } });
    const body = Buffer.from(await answer.arrayBuffer()).toString('base64');
    told = { status: answer.status, headers: Object.fromEntries(answer.headers), body, error: '' };
  } catch (error) {
    told = { status: 0, headers: {}, body: '', error: `${error} ${error.cause ?? ''}` };
  }
  console.log(JSON.stringify(told));
}
