"""What our shim binds of WhatsApp's page through wa-js: each once, with what stops when it is gone.

A missing one of `send` stops the device, and is named. One of `link` stops only a device that is not linked. Of
the others the page is said to lack them, and everything else goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Purpose = Literal["send", "link", "receipts", "limits", "files"]
STOPS = ("send", "link")


@dataclass(frozen=True, slots=True)
class Binding:
    """name: by which a missing one is told. reads: where it is, from `WPP.whatsapp`, or `WAWebModule.export`.

    module, export: where WhatsApp's page keeps it. why: for the owner and for who mends wa-js.
    """

    name: str
    reads: tuple[str, ...]
    module: str
    export: str
    why: str
    needed_for: Purpose = "send"
    source: str = "wa-js"  # who outside this house has seen it; see members.py

    @property
    def stops(self) -> bool:
        """Whether nothing is sent without it."""
        return self.needed_for in STOPS


_ = Binding
BINDINGS = (
    _("Socket", ("Socket.on",), "WAWebSocketModel", "Socket", "whether the page is connected"),
    _("Stream", ("Stream.on",), "WAWebStreamModel", "Stream", "whether the page is logged in and well"),
    _("Cmd", ("Cmd.on",), "WAWebCmd", "Cmd", "the page's own orders, which wa-js hears"),
    _("MsgCollection", ("MsgStore.on", "MsgStore.get"), "WAWebMsgCollection", "MsgCollection", "what was sent"),
    _("ChatCollection", ("ChatStore.on", "ChatStore.get"), "WAWebChatCollection", "ChatCollection", "whom to"),
    _("MsgKey", ("MsgKey.fromString",), "WAWebMsgKey", "default", "the id that a message is given"),
    _("createWid", ("WidFactory.createWid",), "WAWebWidFactory", "createWid", "a number as WhatsApp writes it"),
    _("isLoggedIn", ("functions.isAuthenticated",), "WAWebLoginState", "isLoggedIn", "whether a phone is linked"),
    _("queryWidExists", ("functions.queryWidExists",), "WAWebQueryExistsJob", "queryWidExists",
      "whether a number is on WhatsApp"),
    _("findOrCreateLatestChat", ("functions.findOrCreateLatestChat",), "WAWebFindChatAction",
      "findOrCreateLatestChat", "the chat that a message goes to"),
    _("addAndSendMsgToChat", ("functions.addAndSendMsgToChat",), "WAWebSendMsgChatAction",
      "addAndSendMsgToChat", "the sending itself"),
    _("getEphemeralFields", ("functions.getEphemeralFields",), "WAWebGetEphemeralFieldsMsgActionsUtils",
      "getEphemeralFields", "how long messages of a chat last"),
    _("getSearchContext", ("functions.getSearchContext",), "WAWebChatMessageSearch", "getSearchContext",
      "the look-up of a message after a crash"),
    _("ACK", ("enums.ACK.CLOCK",), "WAWebAck", "ACK", "what an acknowledgement means"),
    _("getMaybeMePnUser", ("UserPrefs.getMaybeMePnUser",), "WAWebUserPrefsMeUser", "getMaybeMePnUser",
      "whose phone is linked"),
    _("isRegistered", ("functions.isRegistered",), "WAWebUserPrefsMeUser", "isRegistered",
      "whether the page holds a link", "link"),
    _("Conn", ("Conn.on",), "WAWebConnModel", "Conn", "the text of the QR code, the name of the account"),
    _("encodeB64", ("Base64.encodeB64",), "WABase64", "encodeB64", "the keys in the QR code", "link"),
    _("genLinkDeviceCodeForPhoneNumber", ("functions.genLinkDeviceCodeForPhoneNumber",),
      "WAWebAltDeviceLinkingApi", "genLinkDeviceCodeForPhoneNumber", "linking by a code", "link"),
    _("waNoiseInfo", ("multidevice.waNoiseInfo.get",), "WAWebUserPrefsInfoStore", "waNoiseInfo",
      "the keys in the QR code", "link"),
    _("waSignalStore", ("multidevice.waSignalStore.getRegistrationInfo",), "WAWebSignalStoreApi",
      "waSignalStore", "the keys in the QR code", "link"),
    _("getADVSecretKey", ("multidevice.adv.getADVSecretKey",), "WAWebUserPrefsMultiDevice", "getADVSecretKey",
      "the keys in the QR code", "link"),
    _("handleChatSimpleReceipt", ("functions.handleChatSimpleReceipt",), "WAWebHandleChatSimpleReceipt",
      "handleChatSimpleReceipt", "delivered and read", "receipts"),
    _("createFromData", ("OpaqueData.createFromData",), "WAWebMediaOpaqueData", "createFromData",
      "a file's bytes", "files"),
    _("prepRawMedia", ("MediaPrep.prepRawMedia",), "WAWebPrepRawMedia", "prepRawMedia",
      "a file made ready", "files"),
    _("userPrefsIdb", ("WAWebUserPrefsIndexedDBStorage.userPrefsIdb.get",), "WAWebUserPrefsIndexedDBStorage",
      "userPrefsIdb", "what WhatsApp does not allow this account just now", "limits", "B 54387529540"),
    _("updateCanSend", ("WAWebChatGroupUtils.updateCanSend",), "WAWebChatGroupUtils", "updateCanSend",
      "whether a chat may be written to", "limits", "B 54199007728"),
)  # fmt: skip


def told() -> list[dict[str, object]]:
    """The declaration as the shim takes it."""
    return [{"name": one.name, "reads": list(one.reads), "for": one.needed_for} for one in BINDINGS]


def named(name: str) -> Binding | None:
    """The binding of this name."""
    return next((one for one in BINDINGS if one.name == name), None)
