// Runs the unmodified peers against the sandbox: `node tests/peers/run.mjs <clients dir> [wppconnect|wwebjs]`.
// <clients dir>: any directory outside this repository where package.json's two packages were installed with
// PUPPETEER_SKIP_DOWNLOAD=1; they use /usr/bin/chromium. Exit code 0 when every check passed.
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

import { startSandbox } from './sandbox.mjs';
import { checkWppconnect } from './wppconnect.mjs';
import { checkWwebjs } from './wwebjs.mjs';

const [directory, only] = process.argv.slice(2);
if (!directory) {
  console.error('Say where the clients are installed: node tests/peers/run.mjs <clients dir>');
  process.exit(2);
}
const require = createRequire(join(resolve(directory), 'package.json'));
const checks = {
  wppconnect: [checkWppconnect, '@wppconnect-team/wppconnect'],
  wwebjs: [checkWwebjs, 'whatsapp-web.js'],
};

let failed = 0;
for (const [name, [check, packageName]] of Object.entries(checks)) {
  if (only && only !== name) continue;
  const sandbox = await startSandbox();
  try {
    await check(require(packageName), sandbox);
  } catch (error) {
    failed += 1;
    console.error(error);
  } finally {
    sandbox.stop();
  }
}
process.exit(failed ? 1 : 0);
