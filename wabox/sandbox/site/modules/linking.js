// Linking by phone number: asks the server for a code to type into the phone.
__d('WAWebLinkDeviceEvents', ['WAWebEventEmitter'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const EventEmitter = require('WAWebEventEmitter');

  class LinkDeviceEvents extends EventEmitter {
    triggerRefreshAltLinkingCode() {
      this.trigger('link_device_events:refresh_alt_linking_code');
    }

    triggerForceManualRefresh() {
      this.trigger('link_device_events:force_manual_refresh');
    }

    triggerPrimaryHelloReceived() {
      this.trigger('link_device_events:primary_hello_received');
    }

    triggerErrorAltLinking() {
      this.trigger('link_device_events:error_alt_linking');
    }
  }

  exports.WAWebLinkDeviceEvents = new LinkDeviceEvents();
});

__d('WAWebAltDeviceLinkingApi', ['SandboxWire'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const wire = require('SandboxWire');
  let pairingType = 'QR';

  async function askForCode(phone, withNotification = true) {
    const digits = String(phone).replace(/\D/g, '');
    const { code } = await wire.ask('pairing_code', { phone: digits, notify: withNotification });
    require('SandboxScreen').showCode(code);
    return code;
  }

  exports.setPairingType = (type) => void (pairingType = type);
  exports.getPairingType = () => pairingType;
  exports.initializeAltDeviceLinking = async () => exports.setPairingType('ALT_DEVICE_LINKING');
  exports.initializeQRLinking = async () => {
    exports.setPairingType('QR');
    require('SandboxScreen').showCode(null);
  };
  exports.genLinkDeviceCodeForPhoneNumber = askForCode;
  exports.startAltLinkingFlow = askForCode;
});

__d('WAWebLaunchSocketUtils', ['SandboxSettings'], (_g, require, _d, _n, _l, _m, exports) => {
  if (require('SandboxSettings').refresh_qr === 'launch_socket') {
    exports.refreshQR = () => require('SandboxApp').refreshRef();
  }
});
