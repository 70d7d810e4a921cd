// The socket to the sandbox's server: questions with answers, and what the server pushes, in order.
__d('SandboxWire', ['WAWebEventEmitter'], (_g, require, _d, _n, _l, module) => {
  'use strict';

  const EventEmitter = require('WAWebEventEmitter');
  const RETRY_MS = [250, 500, 1000, 2000];

  class ConnectionLost extends Error {
    constructor() {
      super('the connection to the server was lost');
      this.connectionLost = true;
    }
  }

  class Wire extends EventEmitter {
    constructor() {
      super();
      this.sending = {}; // how this page sends, as the faults say
      this.questions = new Map();
      this.backlog = [];
      this.number = 0;
      this.failures = 0;
      this.greeted = false;
    }

    connect(greeting) {
      this.greeting = greeting;
      const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
      this.socket = new WebSocket(`${scheme}://${location.host}/sandbox/wire`);
      this.socket.onopen = () => this.greet();
      this.socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
      this.socket.onclose = () => this.lose();
    }

    reconnect() {
      this.socket?.close();
    }

    async greet() {
      this.failures = 0;
      const socket = this.socket;
      const hello = await this.greeting();
      if (socket === this.socket) this.push({ op: 'hello', ...hello });
    }

    lose() {
      this.greeted = false;
      for (const { reject } of this.questions.values()) reject(new ConnectionLost());
      this.questions.clear();
      this.trigger('lost');
      const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
      this.failures += 1;
      setTimeout(() => this.connect(this.greeting), wait);
    }

    push(message) {
      if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
    }

    // Called once the server has taken the greeting: what was asked meanwhile goes out now.
    open() {
      this.greeted = true;
      for (const message of this.backlog.splice(0)) this.push(message);
    }

    tell(what, data) {
      this.push({ op: 'tell', what, with: data });
    }

    ask(what, data, { keep = true } = {}) {
      return new Promise((resolve, reject) => {
        if (!this.greeted && !keep) {
          reject(new ConnectionLost());
          return;
        }
        this.number += 1;
        this.questions.set(this.number, { resolve, reject });
        const message = { op: 'ask', n: this.number, what, with: data };
        if (this.greeted) this.push(message);
        else this.backlog.push(message);
      });
    }

    receive(message) {
      if (message.op !== 'answer') {
        this.trigger('push', message);
        return;
      }
      const question = this.questions.get(message.n);
      this.questions.delete(message.n);
      const failed = () => Object.assign(new Error(message.error), { status: message.code });
      if (message.error) question?.reject(failed());
      else question?.resolve(message.ok);
    }
  }

  module.exports = new Wire();
});
