// The control API, and the one line at the bottom that says what came of a click.
const notice = document.getElementById('notice');
let hiding = 0;

export function say(text) {
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (notice.hidden = true), 5000);
}

export async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const data = await answer.json();
  if (!answer.ok) {
    const details = Object.entries(data.details ?? {}).map(([name, why]) => `${name}: ${why}`);
    throw new Error([data.error, ...details].join(' '));
  }
  return data;
}

export async function act(what, done) {
  try {
    await what();
    say(done);
    dispatchEvent(new Event('acted'));
  } catch (error) {
    say(error.message);
  }
}

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name, value);
    else if (value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children);
  return node;
}
