"""The devices' routes, as the reference tells them."""

from __future__ import annotations

from wabox.languages import later
from wabox.reference.shape import PHONE, Chapter, Field, Route

_DEVICE = {
    "device_label": "primary",
    "phone_number": PHONE,
    "state": "ready",
    "ready": True,
    "warmup_enabled": True,
    "warmup_day": 5,
    "effective_daily_cap": 150,
    "detail": None,
    "detail_text": None,
    "limits": {
        "timelock": None,
        "new_chats": {
            "status": "first_warning",
            "used": 63,
            "total": 100,
            "resets_at": "2026-11-30T00:00:00+00:00",
        },
    },
    "previous_phone": None,
    "reason": None,
    "none_arrive": False,
    "qr_made_at": None,
    "qr_expires_at": None,
    "idle": None,
}
_STARTING = {**_DEVICE, "state": "starting", "ready": False, "phone_number": None}

DEVICES = Chapter(
    "devices",
    later("Devices"),
    (
        Route(
            "GET",
            "/devices",
            later("Your phones with their live state: ready, qr, starting, disconnected or not_started."),
            answer={"devices": [_DEVICE], "count": 1, "max_allowed": 5},
        ),
        Route(
            "POST",
            "/devices",
            later("Add a phone. Then start it, and poll its QR until it is ready."),
            status=201,
            fields=(Field("device_label", later("1 to 32 of a-z, 0-9, - and _."), need=True),),
            body={"device_label": "sales"},
            answer={**_DEVICE, "device_label": "sales", "state": "not_started", "ready": False},
        ),
        Route(
            "POST",
            "/devices/{device_label}/start",
            later("Open its session. Accept the disclaimer on the page WhatsApp first."),
            status=202,
            answer=_STARTING,
        ),
        Route(
            "POST",
            "/devices/{device_label}/restart",
            later("Close its session and open it again; the link stays."),
            status=202,
            answer=_STARTING,
        ),
        Route(
            "POST",
            "/devices/{device_label}/logout",
            later("Give the link up; linking again needs a new code."),
            status=202,
            answer={**_STARTING, "state": "not_started"},
        ),
        Route(
            "POST",
            "/devices/{device_label}/go-on",
            later(
                "Let a phone go on from the number that is linked now, after another one was linked in its place."
            ),
            status=202,
            fields=(
                Field(
                    "phone_number", later("The number that is linked now, as phone_number shows it."), need=True
                ),
            ),
            body={"phone_number": PHONE},
            answer=_DEVICE,
        ),
        Route(
            "GET",
            "/devices/{device_label}/qr",
            later("The QR code as a picture. Poll every 2 to 3 seconds until it is null and the state is ready."),
            answer={"qr": "data:image/png;base64,iVBORw0KGgo…"},
        ),
        Route(
            "GET",
            "/devices/{device_label}/checkup",
            later("What stands between the phone and its link, and the next step in words."),
            answer={
                "device_label": "primary",
                "state": "qr",
                "detail": None,
                "next_step": "Scan the code with the phone, or use a code by phone number.",
                "findings": [
                    {
                        "code": "browser",
                        "status": "good",
                        "sentence": "The browser is open.",
                        "value": "Chromium 141.0.7390.37",
                    }
                ],
            },
        ),
        Route(
            "POST",
            "/devices/{device_label}/pairing-code",
            later("Link by a code that is typed into the phone instead of a scan."),
            status=202,
            fields=(Field("phone", later("The number of the phone to link."), need=True),),
            body={"phone": PHONE},
            answer={"code": None, "expires_at": None, "reason": None},
        ),
        Route(
            "GET",
            "/devices/{device_label}/pairing-code",
            later(
                "The code, once WhatsApp has given it, or the reason why there is none. Both null: WhatsApp is "
                "being asked, or no code is asked for; a request that was refused asks for none."
            ),
            answer={"code": "ABCD-EFGH", "expires_at": "2026-04-25T10:03:00+00:00", "reason": None},
        ),
        Route(
            "DELETE",
            "/devices/{device_label}",
            later("Remove a phone; what waits on it is cancelled. primary always stays."),
            status=204,
            example={"device_label": "sales"},
        ),
    ),
)
