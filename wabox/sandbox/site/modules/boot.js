// The last file of the last wave: everything is defined, the page comes to life.
require('SandboxApp').start();
