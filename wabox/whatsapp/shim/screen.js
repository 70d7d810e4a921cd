// What stands on the screen.

const signs = () =>
  [...document.querySelectorAll('[role=dialog],[role=alertdialog],[role=alert],[role=status]')]
    .filter((box) => box.getClientRects().length > 0 && !box.closest('[hidden]'));
const passkey = (boxes) =>
  !!app.Conn.passkeyRequired ||
  [app.Stream.mode, app.Stream.info, app.Stream.displayInfo, app.Socket.state].some((value) =>
    /passkey/i.test(String(value)),
  ) || boxes.some((one) => /passkey/i.test(one.textContent));
