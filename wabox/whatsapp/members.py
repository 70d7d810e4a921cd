"""Every member of WhatsApp's page that the shim reads, what for, and who outside this house has seen it.

One line each. A member that only the sandbox offers has no place here, and none in the shim: a test reads the
shim's text against this list. Bindings stand in bindings.py; the absence of one that is `needed` stops the device.
Every other one is read in a guard, and its absence means "not told".

Sources: `wa-js` = the unmodified bundle reads the same names (a test looks). `B n` = that module of WhatsApp Web
as public mirrors store it (undated). Else a public issue or source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wabox.whatsapp.bindings import BINDINGS

Purpose = Literal["send", "link", "receipts", "hear", "limits", "screen", "files"]


@dataclass(frozen=True, slots=True)
class Member:
    """name: `Store.member` of WPP.whatsapp, `functions.x`, `WPP.x.y`, `WAWebModule.member`, `model.member`,
    or `on event`. needed: nothing is sent without it."""

    name: str
    needed_for: Purpose
    source: str
    needed: bool = False


_ = Member
MEMBERS = (
    # what bindings.py declares
    *(_(path, one.needed_for, one.source, needed=one.stops) for one in BINDINGS for path in one.reads),
    # wa-js's own verbs: they come with the bundle
    _("WPP.version", "send", "wa-js"),
    _("WPP.isFullReady", "send", "wa-js"),
    _("WPP.chat.find", "send", "wa-js"),
    _("WPP.chat.sendTextMessage", "send", "wa-js"),
    _("WPP.chat.sendFileMessage", "send", "wa-js"),
    _("WPP.chat.downloadMedia", "hear", "wa-js"),
    _("WPP.chat.deleteMessage", "send", "wa-js"),
    _("WPP.chat.sendLocationMessage", "send", "wa-js"),
    _("WPP.chat.sendVCardContactMessage", "send", "wa-js"),
    _("WPP.chat.sendCreatePollMessage", "send", "wa-js"),
    _("WPP.chat.sendReactionToMessage", "send", "wa-js"),
    _("WPP.chat.editMessage", "send", "wa-js"),
    _("WPP.chat.getMessageById", "send", "wa-js"),
    _("WPP.conn.getAuthCode", "link", "wa-js"),
    _("Cmd.refreshQR", "link", "wa-js"),
    _("WPP.conn.startLinkDeviceCodeForPhoneNumber", "link", "wa-js"),
    _("WPP.conn.genLinkDeviceCodeForPhoneNumber", "link", "wa-js"),
    _("WPP.conn.logout", "link", "wa-js"),
    _("WPP.whatsapp.functions", "send", "wa-js"),
    _("on chat.new_message", "hear", "wa-js"),
    _("on chat.new_reaction", "hear", "wa-js"),
    _("on chat.msg_revoke", "hear", "wa-js"),
    _("on chat.msg_ack_change", "receipts", "wa-js"),
    _("on change:ack", "receipts", "wa-js"),
    _("on conn.logout", "link", "wa-js"),
    _("on conn.logout_reason", "link", "wa-js"),
    _("on conn.link_code_change", "link", "wa-js"),
    _("on conn.link_code_expired", "link", "wa-js"),
    # what the page shows
    _("Socket.state", "send", "wa-js"),
    _("Socket.hasSynced", "hear", "whatsapp-web.js Client.js"),
    _("Stream.mode", "send", "wa-js"),
    _("Stream.info", "screen", "wa-js"),
    _("Stream.displayInfo", "screen", "wa-js StreamModel.ts"),
    _("Conn.pushname", "screen", "wa-js"),
    _("Debug.VERSION", "screen", "wa-js"),
    _(
        "WAWebHistorySyncProgressModel.getHistorySyncProgressModel.realProgress",
        "hear",
        "B 53900573836, OpenWA wwebjs-sync (70720741290)",
    ),
    _("WAWebOfflineHandler.OfflineMessageHandler.getOfflineDeliveryProgress", "hear", "B 61008709884"),
    # messages, people, chats
    _("ChatStore.getModelsArray", "hear", "wa-js"),
    _("MsgStore.off", "send", "wa-js"),
    _("MsgStore.getModelsArray", "hear", "wa-js"),
    _("ContactStore.get", "hear", "wa-js"),
    _("lidPnCache.getPhoneNumber", "hear", "wa-js"),
    _("lidPnCache.getCurrentLid", "hear", "wa-js"),
    _("functions.getPhoneNumber", "hear", "wa-js"),
    _("BlocklistStore.get", "limits", "wa-js"),
    _("msg.id", "send", "wa-js"),
    _("msg.ack", "receipts", "wa-js"),
    _("msg.body", "hear", "wa-js"),
    _("msg.caption", "hear", "wa-js"),
    _("msg.pollName", "hear", "wa-js"),
    _("msg.isViewOnce", "hear", "wa-js"),
    _("msg.isLive", "hear", "wa-js"),
    _("msg.isGif", "hear", "wa-js"),
    _("msg.pollOptions", "hear", "wa-js"),
    _("msg.quotedStanzaID", "hear", "wa-js"),
    _("msg.quotedMsg", "hear", "wa-js"),
    _("msg.quotedParticipant", "hear", "wa-js"),
    _("msg.type", "hear", "wa-js"),
    _("msg.subtype", "hear", "wa-js"),
    _("msg.isUserCreatedType", "hear", "wa-js MsgModel.ts"),
    _("WAWebMsgGetters.getIsUserCreatedType", "hear", "B 60323411397"),
    _("msg.futureproofType", "hear", "B 60323411397"),
    _("msg.t", "hear", "wa-js"),
    _("msg.notifyName", "hear", "wa-js"),
    _("on change:body", "hear", "wa-js"),
    _("on change:latestEditMsgKey", "hear", "wa-js"),
    _("msg.latestEditMsgKey", "hear", "wa-js"),
    _("msg.senderObj.isMe", "send", "wa-js"),
    _("sent.isRevoked", "send", "wa-js"),
    _("sent.sendMsgResult", "send", "wa-js"),
    _("msg.isSendFailure", "receipts", "B 54244958603"),
    _("msg.mediaData.mediaStage", "send", "wa-js"),
    _("msg.directPath", "send", "wa-js"),
    _("msg.size", "hear", "wa-js"),
    _("msg.mimetype", "hear", "wa-js"),
    _("msg.filename", "hear", "wa-js"),
    _("msg.duration", "hear", "wa-js"),
    _("msg.lat", "hear", "wa-js"),
    _("msg.lng", "hear", "wa-js"),
    _("msg.loc", "hear", "wa-js"),
    _("msg.vcardFormattedName", "hear", "wa-js"),
    _("msg.vcardList", "hear", "wa-js"),
    _("chat.unreadCount", "send", "wa-js"),
    _("WPP.chat.markIsUnread", "send", "wa-js"),
    _("msg.errorCode", "limits", "B 54244958603"),
    _("chat.id", "send", "wa-js"),
    _("chat.contact", "limits", "wa-js"),
    _("chat.isReadOnly", "limits", "B 54199007728"),
    _("challenge.challengeType", "screen", "B 54187530817"),
    _("challenge.challenge_type", "screen", "B 54187530817"),
    _("told.verificationCode", "link", "B 60978512289"),
    _("chat.canSend", "limits", "B 54199007728"),
    _("chat.getTcToken", "limits", "B 54128714734"),
    _("contact.name", "hear", "wa-js"),
    _("contact.pushname", "hear", "wa-js"),
    _("contact.isContactBlocked", "limits", "wa-js"),
    _("wid.isLid", "limits", "wa-js"),
    _("found.wid", "send", "wa-js"),
    _("found.lid", "send", "wa-js"),
    _("sent.ack", "send", "wa-js"),
    _("sent.sendMsgResult.messageSendResult", "send", "wa-js"),
    _("code.fullCode", "link", "wa-js"),
    _("error.code", "send", "wa-js"),
    _("error.statusCode", "limits", "wppconnect-server #1794"),
    _("error.status", "limits", "wppconnect-server #1794"),
    # limits: undated, each read in a guard
    _("WAWebGetReachoutTimelockJob.fetchReachoutTimelock", "limits", "B 54217829112"),
    _("WAWebReachoutTimelockUtils.canSendMsgWhileTimelocked", "limits", "B 54128714734"),
    _("WAWebGetNewChatMessageCappingInfoJob.fetchOrUpdateCapStatus", "limits", "B 60661072789"),
    _("WAWebIndividualNewChatMessageCappingLimitUtils.canSendMsgWhileCapped", "limits", "B 60759551091"),
    _("WAWebSendMsgChatAction.resendMsgToChat", "send", "B 60310699402"),
    _("MediaGatingUtils.getUploadLimit", "send", "wa-js"),
    _("WAWebABProps.getABPropConfigValue", "send", "wa-js #3575"),
    _("timelock.time_enforcement_ends", "limits", "B 54128714734"),
    _("timelock.enforcement_type", "limits", "B 54128714734"),
    _("capping.capping_status", "limits", "B 60759551091"),
    _("capping.total_quota", "limits", "B 60759551091"),
    _("capping.used_quota", "limits", "B 60759551091"),
    _("capping.cycle_end_timestamp", "limits", "B 60759551091"),
    # linking and passkeys: undated, each read in a guard
    _("WAWebLaunchSocketUtils.refreshQR", "link", "whatsapp-web.js as patched by its users, August 2026"),
    _("WAWebLinkDeviceEvents.WAWebLinkDeviceEvents.on", "link", "B 61229211205"),
)

# In the page: {name: whether it is there}, of those that hang on the page itself and not on one of its models.
LOOK = """(names) => {
  const from = (name) => {
    const [first] = name.split('.');
    if (first === 'WPP' || first === 'Debug') return [window, name.split('.')];
    if (first.startsWith('WAWeb')) return [window.require(first), name.split('.').slice(1)];
    return [window.WPP.whatsapp, name.split('.')];
  };
  const there = (name) => {
    try {
      const [root, path] = from(name);
      return path.reduce((object, one) => object[one], root) !== undefined;
    } catch {
      return false;
    }
  };
  return window.WPP ? Object.fromEntries(names.map((name) => [name, there(name)])) : {};
}"""


def questions() -> list[str]:
    """The members that LOOK can find without anybody's message or chat."""
    return [one.name for one in MEMBERS if one.name[0].isupper() or one.name.split(".")[0] in _ROOTS]


_ROOTS = ("functions", "enums", "multidevice", "lidPnCache")
