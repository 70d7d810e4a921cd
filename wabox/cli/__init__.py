"""Commands, one file each, exporting `command`."""

COMMANDS = {
    "serve": "Run wabox.",
    "demo": "Try wabox with a pretend WhatsApp; no phone needed.",
    "init": "Make the owner's account without the browser.",
    "setup-link": "Print the link that makes a new box yours.",
    "user": "List accounts, set a password.",
    "backup": "Make a backup in one file, also while wabox runs.",
    "restore": "Put a backup in the place of the box, or check it.",
    "release": "Let a box that was restored or copied send again.",
    "move": "Pack the box with its phones' links for another machine, and hold it here.",
    "unmove": "Call a box back that was moved away.",
    "begin-anew": "Start over with an empty box when the database is lost.",
    "engine": "Say which wa-js the phones have, bring another, go back.",
    "doctor": "Say what is wrong with this box, and the cure.",
    "fieldtest": "Try on two phones of yours what wabox takes for true of WhatsApp.",
    "sandbox": "Run the pretend WhatsApp alone.",
    "version": "Print the version.",
}
CONFIG_HELP = "The settings file. Without it: the service's, if this is its program; ./wabox.toml; the defaults."
