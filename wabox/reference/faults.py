"""Every error that the API answers: its status, its code, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from wabox.languages import later


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as a caller meets it. about: its cause, and what to do."""

    status: int
    code: str
    about: str

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"error-{self.code}"


FAULTS: tuple[Fault, ...] = (
    Fault(
        401,
        "unauthorized",
        later("No key came, or a wrong one; the sentence says which. Send a living key in X-API-Key."),
    ),
    Fault(
        402,
        "insufficient_credits",
        later("The account has fewer credits than this takes. Buy credits, then try again."),
    ),
    Fault(402, "no_plan", later("No plan is in force that allows files. Buy or renew one.")),
    Fault(403, "account_pending", later("The account waits for approval. Ask whoever runs the box.")),
    Fault(403, "account_suspended", later("The account is suspended: nothing is sent. Ask whoever runs the box.")),
    Fault(
        403,
        "account_locked",
        later("The account is locked until somebody has looked at it. Ask whoever runs the box."),
    ),
    Fault(
        403, "disclaimer_required", later("Nobody accepted the disclaimer yet. Accept it on the page WhatsApp.")
    ),
    Fault(
        403, "scope_missing", later("This key may not do that. Use a key with the scope that the sentence names.")
    ),
    Fault(403, "not_the_owner", later("Only whoever runs the box may change this. Ask them.")),
    Fault(
        403,
        "unknown_host",
        later(
            "The box does not go by this host name. Use an address that it knows, or let its owner add this one."
        ),
    ),
    Fault(404, "not_found", later("It does not exist, or is not yours. Take ids from the lists.")),
    Fault(405, "method_not_allowed", later("The path is right and the method is not. Look it up here.")),
    Fault(
        409,
        "idempotency_conflict",
        later("The same Idempotency-Key came with another body before. Use a new key for a new request."),
    ),
    Fault(413, "too_large", later("The body or the file is larger than the box takes. Send less at once.")),
    Fault(
        422,
        "already_linked",
        later("The phone is linked already, so it needs no code. Log it out first to link another."),
    ),
    Fault(422, "audience_gone", later("The saved audience is deleted or cannot be asked. Choose another one.")),
    Fault(422, "bad_allow", later("This host may not be opened to webhooks. See details for why.")),
    Fault(
        422, "bad_base64", later("media.base64 is not base64. Encode the file's bytes, without a data: prefix.")
    ),
    Fault(422, "bad_contact", later("The contact card has no usable name. Give one, on one line.")),
    Fault(
        422, "bad_cursor", later("The cursor is not one of this list's. Take next_cursor of the answer before.")
    ),
    Fault(422, "bad_custom", later("The custom text is too long. Shorten it.")),
    Fault(422, "bad_day", later("This is not a day. Write it like 2026-04-25.")),
    Fault(422, "bad_emoji", later("This is not one emoji. Send a single one, or null.")),
    Fault(
        422,
        "bad_field",
        later("The name of an own field does not fit, or there is no such field. Names are like order_2."),
    ),
    Fault(
        422, "bad_file", later("The file cannot be read, or is of no kind that goes. Save it anew and send that.")
    ),
    Fault(
        422,
        "bad_idempotency_key",
        later(
            "The Idempotency-Key is too long or holds odd characters. Use up to 255 printable ASCII characters."
        ),
    ),
    Fault(422, "bad_json", later("The body is no JSON object. Send JSON with Content-Type: application/json.")),
    Fault(422, "bad_label", later("The phone's label does not fit. Use small letters, digits, - and _.")),
    Fault(422, "bad_language", later("The box does not speak this language. Take one of those in details.")),
    Fault(
        422,
        "bad_location",
        later("The place is not on the map, or its name is too long. Degrees go from -90 to 90 and -180 to 180."),
    ),
    Fault(422, "bad_name", later("The name is empty or too long. Give another.")),
    Fault(422, "bad_note", later("The note on the consent is too long. Shorten it.")),
    Fault(
        422,
        "bad_period",
        later("The days from and to do not fit. from comes first, and they span up to 366 days."),
    ),
    Fault(
        422,
        "bad_phone",
        later(
            "This is no phone number. Send 7 to 15 digits with the country code, or a number as dialled at home."
        ),
    ),
    Fault(422, "bad_poll", later("The poll needs a question and 2 to 12 different answers. See details.")),
    Fault(422, "bad_rule", later("The sending rule makes no sense, or leaves no time to send. See details.")),
    Fault(422, "bad_scope", later("There is no such scope, or none is given. Take some of those in details.")),
    Fault(
        422,
        "bad_service",
        later("No service is known by this address, or it may not be told from a box. The sentence says why."),
    ),
    Fault(422, "bad_segment", later("A condition of the audience is wrong. See details.")),
    Fault(422, "bad_shop", later("A name has up to 60 characters, a number 6 to 15 digits. See details.")),
    Fault(422, "bad_status", later("There is no such status. Take one of those in details.")),
    Fault(422, "bad_tag", later("The tag is blank or too long, or there are too many. See details.")),
    Fault(
        422,
        "bad_template",
        later("A brace of the text is not closed or holds no known name. Mend it, or send plain: true."),
    ),
    Fault(422, "bad_text", later("The text holds a NUL or half a character. Send whole UTF-8.")),
    Fault(422, "bad_time", later("This is no time with an offset. Write it like 2026-04-25T09:00:00+06:00.")),
    Fault(422, "bad_timezone", later("There is no such time zone. Use a name like Asia/Dhaka.")),
    Fault(
        422,
        "bad_upload",
        later("The upload is no form with one file in the field file. Send multipart/form-data."),
    ),
    Fault(
        422,
        "bad_url",
        later("The address of the file is none that wabox fetches. Use a public http or https address."),
    ),
    Fault(422, "bad_value", later("The value of an own field is too long or is no text. See details.")),
    Fault(
        422,
        "bad_webhook_url",
        later("Posts may not go to this address. Use a public https address, or let the owner allow this one."),
    ),
    Fault(422, "bad_words", later("A text of your own for this campaign cannot be used. See details.")),
    Fault(
        422,
        "beyond_bounds",
        later("The rule goes beyond what the box, or your plan, allows. details says up to where you may go."),
    ),
    Fault(422, "caption_too_long", later("With a file goes a text of up to 1,024 characters. Shorten it.")),
    Fault(
        422, "changed_meanwhile", later("Somebody changed it since you read it. Read it again, then change that.")
    ),
    Fault(422, "content_refused", later("The box's rules do not allow this text. Write another.")),
    Fault(422, "content_review", later("A person has to read this text first. Wait, or write another.")),
    Fault(
        422, "device_removed", later("The phone that it went from was deleted here. Do it on the phone itself.")
    ),
    Fault(
        422, "edit_too_late", later("WhatsApp lets a text be changed for 15 minutes. Send a new message instead.")
    ),
    Fault(422, "file_gone", later("The file is not on this box any more. Upload it again.")),
    Fault(
        422, "file_too_large", later("WhatsApp takes no file of this size. Send a smaller one, or as a document.")
    ),
    Fault(422, "goes_alone", later("A place, a card or a poll goes alone. Leave out the text and the file.")),
    Fault(422, "in_use", later("Something that waits still needs it. Cancel that first, or let it go.")),
    Fault(422, "inbound_off", later("The box keeps no files that people send. Its owner can change that.")),
    Fault(
        422,
        "invalid",
        later("Fields are missing, unknown or of the wrong kind. details names each, and what would be right."),
    ),
    Fault(422, "key_exists", later("A key of this name is there already. Use that, or give another name.")),
    Fault(422, "label_taken", later("A phone of this label is there already. Give another.")),
    Fault(422, "main_stays", later("The main key cannot be deleted. Rotate it instead.")),
    Fault(422, "message_empty", later("The message says nothing once it is filled in. Write something.")),
    Fault(422, "message_or_template_id", later("Give exactly one of message and template_id.")),
    Fault(422, "message_too_long", later("The text is longer than 4,096 characters. Shorten it.")),
    Fault(422, "name_taken", later("There is one of this name already. Give another name.")),
    Fault(422, "never_wrote", later("This person never wrote to you, so person_id does not do. Send a phone.")),
    Fault(422, "no_answer", later("WhatsApp did not confirm it, after several tries. Look on the phone.")),
    Fault(422, "no_devices", later("None of the phones for this campaign is there any more. Choose others.")),
    Fault(
        422,
        "no_name",
        later("The address's name leads nowhere, or nobody said in time where. Check its spelling."),
    ),
    Fault(422, "no_recipients", later("Nobody is in the audience. Look at the tag and the conditions.")),
    Fault(
        422,
        "no_text_with_sound",
        later("No text goes with a sound or a voice note. Leave it out, or send two messages."),
    ),
    Fault(422, "not_a_text", later("Only a text can be changed. Send a new message instead.")),
    Fault(422, "number_linked", later("This number is linked on this box already. Use that phone.")),
    Fault(
        422,
        "other_number",
        later("Another number is linked now than the one it went from. Do it on its own phone."),
    ),
    Fault(422, "person_erased", later("The person was erased here, so the chat is not known any more.")),
    Fault(422, "phone_gone", later("The phone that got the file is not linked any more. Ask for the file anew.")),
    Fault(422, "phone_or_person", later("Give exactly one of phone and person_id.")),
    Fault(422, "plain_only", later("plain: true fills in nothing. Leave out variables, or plain.")),
    Fault(
        422,
        "plan_megabytes",
        later("Today's megabytes of your plan are used up. Wait until tomorrow, or take a larger plan."),
    ),
    Fault(422, "primary_stays", later("The phone primary cannot be deleted. Log it out instead.")),
    Fault(
        422,
        "refused_later",
        later("WhatsApp refused the message after all, so there is nothing to change or delete."),
    ),
    Fault(422, "revoke_too_late", later("It went more than 48 hours ago. Delete it on the phone itself.")),
    Fault(422, "revoked", later("The message is deleted for everyone, so nothing can be done to it.")),
    Fault(422, "too_many", later("More rows than one request takes. Send several requests.")),
    Fault(
        422,
        "too_many_repeats",
        later("You have 50 repeating campaigns, and more is not kept. Delete one first."),
    ),
    Fault(
        422,
        "bad_occasion",
        later("When it repeats says too little, or something that does not belong there. See details."),
    ),
    Fault(422, "no_dates", later("Before its end there is no such day. Give a later end, or other days.")),
    Fault(422, "too_many_audiences", later("You have 50 audiences, and more is not kept. Delete one first.")),
    Fault(422, "too_many_devices", later("Your plan, or the box, allows no more phones. Delete one first.")),
    Fault(422, "too_many_fields", later("You have 50 own fields, and more is not kept. Delete one first.")),
    Fault(422, "too_many_keys", later("You have as many keys as are kept. Delete one first.")),
    Fault(422, "too_many_services", later("You have five services for alerts. Remove one first.")),
    Fault(422, "too_many_texts", later("You have as many stored texts as are kept. Delete one first.")),
    Fault(422, "unknown_alert", later("There is no such kind of alert. Take some of those in details.")),
    Fault(422, "unknown_event", later("There is no such event. Take some of those in details.")),
    Fault(
        422, "upload_too_slow", later("The file came too slowly and was given up. Try again over a better line.")
    ),
    Fault(422, "url_failed", later("The file could not be fetched from its address. The sentence says why.")),
    Fault(
        422,
        "values_do_not_fit",
        later("Some contacts have values that do not fit the field's new kind. details names them."),
    ),
    Fault(
        422,
        "variables_missing",
        later("The text names a variable that nobody fills in. Send it in variables, or write a fallback."),
    ),
    Fault(422, "voice_needs_opus", later("Only Ogg/Opus goes as a voice note. Convert it, or leave voice out.")),
    Fault(422, "webhook_not_set", later("No webhook is set. PUT /webhooks with an address first.")),
    Fault(422, "wrong_number", later("Another number was linked than this phone was for. See the page WhatsApp.")),
    Fault(422, "wrong_state", later("It is not in a state for that: look at its status first.")),
    Fault(422, "wrote_elsewhere", later("The person wrote to another of your phones. Send from that one.")),
    Fault(
        429,
        "too_many_requests",
        later("Too many requests with this key. Wait as many seconds as Retry-After says."),
    ),
    Fault(429, "too_many_uploads", later("Too many files come at once. Try again in a few seconds.")),
    Fault(
        500,
        "fault",
        later("A fault in wabox; it is in the log. Try again; if it stays, tell whoever runs the box."),
    ),
    Fault(503, "busy", later("The box is busy and stored nothing. Try again after Retry-After.")),
    Fault(
        503,
        "database_damaged",
        later("The database is damaged; nothing is sent or changed. Its owner must put a backup back."),
    ),
    Fault(503, "device_not_ready", later("The phone is not linked. Link it, or send queue_if_offline: true.")),
    Fault(503, "media_full", later("The room for files is used up. Delete some, or wait until old ones go.")),
    Fault(503, "out_of_memory", later("The box has too little memory now. Try again in a moment.")),
    Fault(503, "storage_failing", later("The disk cannot be read or written. Its owner must look at it.")),
    Fault(503, "storage_full", later("The disk of the box is full. Its owner must free some space.")),
    Fault(503, "took_too_long", later("The question took too long and was stopped. Ask for less at once.")),
    Fault(503, "too_many_files", later("The box has too many files open. Try again in a moment.")),
    Fault(503, "undone", later("The box could not do this, and nothing was stored. Try again in a moment.")),
)
