// WhatsApp moved the call for new QR codes from Cmd to WAWebLaunchSocketUtils (July 2026); wa-js calls the old one.
{
  applies: () => typeof app.Cmd.refreshQR !== 'function',
  mend: () => {
    app.Cmd.refreshQR = () => window.require('WAWebLaunchSocketUtils').refreshQR();
  },
  probe: () => typeof app.Cmd.refreshQR === 'function',
}
