// What stands before the page's own work: roles, lengths and counts; the text itself only as what Python tags.
() =>
  [...document.querySelectorAll('[role=dialog],[role=alertdialog],[role=alert],[role=status]')]
    .filter((box) => box.getClientRects().length > 0 && !box.closest('[hidden]'))
    .map((box) => ({
      role: box.getAttribute('role'),
      length: box.textContent.length,
      buttons: box.querySelectorAll('button,[role=button]').length,
      text: box.textContent,
    }))
