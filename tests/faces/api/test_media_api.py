"""Files by the API: uploaded, listed, read, deleted; and everything that somebody could try with one."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from tests.faces.api.conftest import Api, Open
from tests.files import BAD, pdf
from tests.nouns.test_pictures import noted
from tests.pictures import bomb, drawn
from wabox import uploads
from wabox.accounts import keys

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]


def upload(api: Api, data: bytes = pdf(), name: str = "bill.pdf", key: str | None = None, **more: Any) -> Response:
    return api.call("POST", "/media", key, files={"file": (name, data, more.pop("mime", "text/html"))}, **more)


def left(api: Api) -> list[Path]:
    return [one for one in api.stage.box.media.rglob("*") if one.is_file()]


def test_file_is_kept_once_and_named_by_its_id(api: Api) -> None:
    made = upload(api)
    assert made.status_code == 201, made.text
    found = made.json()
    assert found == {
        "media_id": 1,
        "kind": "document",
        "mime": "application/pdf",
        "filename": "bill.pdf",
        "bytes": len(pdf()),
        "sha256": hashlib.sha256(pdf()).hexdigest(),
        "sent_sha256": hashlib.sha256(pdf()).hexdigest(),
        "stripped": False,
        "width": None,
        "height": None,
        "seconds": None,
        "in_use": False,
        "created_at": "2026-03-10T06:00:00+00:00",
        "expires_at": "2026-06-08T06:00:00+00:00",
    }
    again = upload(api, name="other.pdf")
    assert again.status_code == 200 and again.json()["media_id"] == 1
    assert len(left(api)) == 1
    found["filename"] = "other.pdf"
    assert api.call("GET", "/media/1").json() == found
    listed = api.call("GET", "/media").json()
    assert (listed["total"], listed["data"]) == (1, [found])
    assert api.call("GET", "/media?kind=image").json()["total"] == 0


def test_known_bytes_under_another_name_go_by_it_and_what_was_accepted_keeps_its_own(api: Api) -> None:
    def sends() -> int:
        body = {"phone": "8801711000001", "message": "", "media": {"id": 1}, "queue_if_offline": True}
        answer = api.call("POST", "/send", json=body)
        assert answer.status_code == 202, answer.text
        return int(answer.json()["job_id"])

    def called(job: int) -> str:
        return str(api.call("GET", f"/messages/{job}").json()["media"]["filename"])

    upload(api, name="march.pdf")
    march = sends()
    assert upload(api, name="april.pdf").json()["filename"] == "april.pdf"
    april = sends()
    assert api.call("POST", "/media", files={"file": (None, pdf(), "text/html")}).status_code in (200, 422)
    assert (called(march), called(april)) == ("march.pdf", "april.pdf")
    assert upload(api, name="april.pdf").json()["filename"] == "april.pdf"
    assert "april.pdf" in api.call("GET", "/media/1/content").headers["content-disposition"]


def test_list_goes_on_by_its_cursor(api: Api) -> None:
    for number in range(3):
        upload(api, pdf(str(number)))
    first = api.call("GET", "/media?per_page=2").json()
    assert [one["media_id"] for one in first["data"]] == [3, 2]
    rest = api.call("GET", f"/media?per_page=2&cursor={first['next_cursor']}").json()
    assert [one["media_id"] for one in rest["data"]] == [1] and rest["next_cursor"] is None


def test_content_comes_byte_for_byte_and_can_run_nothing(api: Api) -> None:
    picture = drawn("png")
    media_id = upload(api, picture, 'a"\r\nb.png').json()["media_id"]
    answer = api.call("GET", f"/media/{media_id}/content")
    assert answer.status_code == 200 and answer.content == picture
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''ab.png"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-length"] == str(len(picture))
    head = api.call("HEAD", f"/media/{media_id}/content")
    assert head.status_code == 200 and head.content == b""


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-4", 0, 4), ("bytes=5-", 5, None), ("bytes=-5", -5, None), ("bytes=3-999999", 3, None)],
)
def test_a_stretch_of_the_content_can_be_asked_for(api: Api, asked: str, first: int, last: int | None) -> None:
    media_id = upload(api).json()["media_id"]
    answer = api.call("GET", f"/media/{media_id}/content", headers={"Range": asked})
    wanted = pdf()[first : None if last is None else last + 1]
    assert (answer.status_code, answer.content) == (206, wanted)
    assert answer.headers["content-range"].endswith(f"/{len(pdf())}")


def test_who_has_the_content_is_told_so_without_a_byte(api: Api) -> None:
    path = f"/media/{upload(api).json()['media_id']}/content"
    tag = api.call("GET", path).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = api.call("GET", path, headers={"If-None-Match": known, "Range": "bytes=999999-"})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert api.call("GET", path, headers={"If-None-Match": '"other"'}).content == pdf()


def test_what_the_content_may_answer_is_documented(api: Api) -> None:
    paths = api.call("GET", "/openapi.json").json()["paths"]
    answers = next(one for path, one in paths.items() if path.endswith("/content"))["get"]["responses"]
    assert {"200", "206", "304", "404", "416"} <= set(answers) and "content" not in answers["304"]
    assert list(answers["200"]["content"]) == list(answers["206"]["content"]) == ["*/*"]


CUT = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n"


EARLY = CUT + b"%%EOF" + b"x" * 3_000


@pytest.mark.parametrize("data", [b"%PDF-1.4\nhello", CUT, EARLY], ids=["text", "cut", "early"])
def test_a_paper_that_is_cut_off_is_refused(api: Api, data: bytes) -> None:
    answer = upload(api, data)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_file")
    assert "damaged or cut off" in answer.json()["error"] and left(api) == []


@pytest.mark.parametrize(
    "behind", [b"", b"\r\n\r\n", b"\0" * 5_000, b"x" * 200], ids=["none", "lines", "nul", "few"]
)
def test_a_paper_with_little_behind_its_end_is_taken(api: Api, behind: bytes) -> None:
    assert upload(api, CUT + b"%%EOF" + behind).status_code == 201


def test_no_other_stretch_breaks_it(api: Api) -> None:
    media_id = upload(api).json()["media_id"]
    for asked in ("bytes=9-2", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=-", "bytes=" + "9" * 40 + "-"):
        assert api.call("GET", f"/media/{media_id}/content", headers={"Range": asked}).content == pdf(), asked
    for asked in ("bytes=999999-", "bytes=-0"):
        answer = api.call("GET", f"/media/{media_id}/content", headers={"Range": asked})
        assert (answer.status_code, answer.json()["code"]) == (416, "bad_range")


def test_deleted_file_is_gone_and_may_come_again(api: Api) -> None:
    media_id = upload(api).json()["media_id"]
    assert api.call("DELETE", f"/media/{media_id}").status_code == 204
    assert left(api) == []
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        assert api.call(method, f"/media/{media_id}{path}").status_code == 404
    assert upload(api).status_code == 201


def test_another_users_files_are_not_there_and_nothing_tells_that_they_are(api: Api) -> None:
    mine = upload(api).json()
    theirs = upload(api, name="mine.pdf", key=api.stage.bilal.key)
    assert theirs.status_code == 201 and theirs.json()["filename"] == "mine.pdf"
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        answer = api.call(method, f"/media/{mine['media_id']}{path}", api.stage.bilal.key)
        assert answer.status_code == 404
        missing = api.call(method, f"/media/999{path}", api.stage.bilal.key)
        assert answer.json() == missing.json()
    assert [one["media_id"] for one in api.call("GET", "/media", api.stage.bilal.key).json()["data"]] == [2]
    assert api.call("DELETE", f"/media/{mine['media_id']}").status_code == 204
    assert api.call("GET", "/media/2/content", api.stage.bilal.key).content == pdf()


@pytest.mark.parametrize(
    "name", ["program.png", "page behind.png", "zip in a photo.jpg", "page behind.jpg", "cut.png", "error.jpg"]
)
def test_what_is_not_sent_is_refused_in_words_and_leaves_nothing(api: Api, name: str) -> None:
    data, why = BAD[name]
    answer = upload(api, data, name, mime="image/png")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_file"), answer.text
    assert why in answer.json()["error"] and answer.json()["details"]["file"]
    assert left(api) == [] and api.count("media") == 0


def test_content_type_of_the_upload_proves_nothing(api: Api) -> None:
    found = upload(api, drawn("jpg"), "bill.pdf", mime="application/pdf").json()
    assert (found["kind"], found["mime"], found["filename"]) == ("image", "image/jpeg", "bill.pdf.jpg")


@pytest.mark.heavy("draws a bomb")
def test_a_bomb_is_refused(api: Api) -> None:
    answer = upload(api, bomb(50_000, 50_000), "a.png")
    assert answer.status_code == 422 and "50 million" in answer.json()["error"]
    assert left(api) == []


def test_what_a_photo_tells_is_taken_out_and_said(api: Api) -> None:
    photo = noted("jpg", 6)
    found = upload(api, photo, "home.jpg").json()
    assert found["stripped"] and found["sha256"] == hashlib.sha256(photo).hexdigest() != found["sent_sha256"]
    sent = api.call("GET", f"/media/{found['media_id']}/content").content
    assert hashlib.sha256(sent).hexdigest() == found["sent_sha256"] and b"Nokia" not in sent
    assert len(sent) == found["bytes"] and (found["width"], found["height"]) == (64, 36)
    assert upload(api, photo, "home.jpg").json()["media_id"] == found["media_id"]


def test_too_large_a_file_is_refused_and_leaves_nothing(open_api: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    api = open_api(media={"max_megabytes": 1})
    large = pdf() + b" " * 1024 * 1024
    for around in (uploads.MOST_AROUND, 10**9):  # by the length that it announces; while it is read
        monkeypatch.setattr(uploads, "MOST_AROUND", around)
        answer = upload(api, large)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert "1 MB" in answer.json()["error"]
    assert left(api) == [] and api.count("media") == 0


def test_full_of_files_is_named_and_the_longest_unused_make_room(open_api: Open) -> None:
    api = open_api(media={"disk_megabytes": 2})
    piece = b" " * 400_000
    for number in range(3):
        assert upload(api, pdf(str(number)) + piece).status_code == 201
        api.stage.hands.forward(minutes=1)
    assert [one["media_id"] for one in api.call("GET", "/media").json()["data"]] == [3, 2]
    assert len(left(api)) == 2
    answer = upload(api, pdf() + b" " * 1_100_000)
    assert (answer.status_code, answer.json()["code"]) == (503, "media_full")
    assert "Retry-After" in answer.headers and len(left(api)) == 2


MULTIPART = "multipart/form-data; boundary=x"
PART = b"--x\r\nContent-Disposition: form-data; "


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", MULTIPART),
        (b"{}", "application/json"),
        (b"hello", "multipart/form-data"),
        (b"hello", MULTIPART),
        (PART + b'name="file"; filename="a"\r\n\r\n%PDF-1.4', MULTIPART),
        (PART + b'name="other"\r\n\r\nx\r\n--x--', MULTIPART),
        (b"--x\r\n\r\n\r\nx\r\n--x--", MULTIPART),
        (b"--x\r\n" + b"A: b\r\n" * 50 + b"\r\nx\r\n--x--", MULTIPART),
        (b"\0" * 500, "multipart/form-data; boundary=" + "b" * 300),
    ],
)
def test_what_is_no_upload_is_told_how_to_send_one(api: Api, body: bytes, kind: str) -> None:
    answer = api.call("POST", "/media", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_upload"), answer.text
    assert left(api) == []


def test_two_files_at_once_are_refused(api: Api) -> None:
    answer = api.call("POST", "/media", files=[("file", ("a.pdf", pdf())), ("file", ("b.pdf", pdf("b")))])
    assert answer.status_code == 422 and left(api) == []


def test_same_bytes_at_the_same_moment_are_one(api: Api) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: upload(api), range(12)))
    assert sorted(one.status_code for one in answers) == [200] * 11 + [201]
    assert {one.json()["media_id"] for one in answers} == {1} and len(left(api)) == 1


def test_under_a_key_the_same_upload_is_answered_again(api: Api) -> None:
    key = {"Idempotency-Key": "till-1"}
    first, second = upload(api, headers=key), upload(api, headers=key)
    assert (first.status_code, second.status_code) == (201, 201) and first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert upload(api, pdf("other"), headers=key).status_code == 409
    assert len(left(api)) == 1


def test_who_may_not_send_may_not_upload_and_a_body_is_not_read_for_them(api: Api) -> None:
    reader = api.stage.box.db.write_now(
        lambda tx: keys.named(tx, api.stage.asha.id, name="r", scopes=["read"], now=api.stage.hands.now())
    )
    assert upload(api, key=reader.key).status_code == 403
    assert upload(api, key="wbx_wrong").status_code == 401
    media_id = upload(api).json()["media_id"]
    assert api.call("GET", f"/media/{media_id}/content", reader.key).status_code == 200
    assert api.call("DELETE", f"/media/{media_id}", reader.key).status_code == 403
