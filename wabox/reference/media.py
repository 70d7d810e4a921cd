"""The files' routes, as the reference tells them."""

from __future__ import annotations

from wabox.languages import later
from wabox.reference.shape import PAGING, Chapter, Field, Route, listed

_ID = {"media_id": "12"}
_SHA = "7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069"
_FILE = {
    "media_id": 12,
    "kind": "document",
    "mime": "application/pdf",
    "filename": "bill.pdf",
    "bytes": 48213,
    "sha256": _SHA,
    "sent_sha256": _SHA,
    "stripped": False,
    "width": None,
    "height": None,
    "seconds": None,
    "in_use": False,
    "created_at": "2026-04-24T19:12:08+00:00",
    "expires_at": "2026-07-23T19:12:08+00:00",
}
_MESSAGE = {"message_id": "512"}
_TOLD = {
    "media_id": None,
    "kind": "document",
    "mime": "application/pdf",
    "filename": "order.pdf",
    "bytes": 48213,
    "seconds": None,
}
_SENT = {
    "message_id": 512,
    "state": "waiting",
    "reason": None,
    "asked_at": "2026-04-25T12:35:10+00:00",
    "media": _TOLD,
}

MEDIA = Chapter(
    "media",
    later("Files"),
    (
        Route(
            "POST",
            "/media",
            later(
                "Upload a file, as multipart/form-data. What it is, is told by its content, never by its name: "
                "pictures, videos, sound, PDF, office files and texts; programs, pages, scripts and archives are "
                "422 bad_file. What a photo tells of place and camera is taken out (stripped). The same bytes "
                "again are 200 and the same id."
            ),
            status=201,
            fields=(Field("file", later("The file, up to 64 MB unless the box says otherwise."), need=True),),
            upload="bill.pdf",
            answer=_FILE,
        ),
        Route(
            "GET",
            "/media",
            later("Your files, newest first. in_use: a stored text or something that is still to go needs it."),
            fields=(Field("kind", "image, video, audio, voice, document"), *PAGING),
            query="?kind=document",
            answer=listed(_FILE),
        ),
        Route(
            "GET",
            "/media/{media_id}",
            later("One file. expires_at: when it goes, unless it is used again."),
            example=_ID,
            answer=_FILE,
        ),
        Route(
            "GET",
            "/media/{media_id}/content",
            later("Its bytes, as they go out. With a Range header a stretch of them."),
            example=_ID,
        ),
        Route(
            "DELETE",
            "/media/{media_id}",
            later(
                "Delete it. 422 in_use while a stored text carries it or something that is still to go needs it; "
                "the log stays as it was."
            ),
            status=204,
            example=_ID,
        ),
        Route(
            "GET",
            "/media/inbound/{message_id}",
            later(
                "A file that somebody sent, by the message_id of message.received: what its writer tells of it, "
                "and whether it is here. state: waiting, here, removed, expired, too_large, refused, failed."
            ),
            example=_MESSAGE,
            answer=_SENT | {"state": "here", "asked_at": None, "media": _TOLD | {"media_id": 77}},
        ),
        Route(
            "POST",
            "/media/inbound/{message_id}",
            later(
                "Fetch it; media.ready tells when it is here. It is judged by its content like an upload. 422: "
                "expired (WhatsApp has it no more; ?again=true asks once more), file_too_large, bad_file, "
                "phone_gone, inbound_off."
            ),
            status=202,
            example=_MESSAGE,
            answer=_SENT,
        ),
    ),
)
