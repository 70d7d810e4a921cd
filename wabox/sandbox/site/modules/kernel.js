// Events and models: the small frame that every other module stands on.
__d('WAWebEventEmitter', [], (_g, _r, _d, _n, _l, module) => {
  'use strict';

  class EventEmitter {
    on(names, callback, context) {
      if (typeof callback !== 'function') {
        throw new TypeError('Callback parameter passed is not a function');
      }
      for (const name of names.split(/\s+/)) {
        this.listenersOf(name).push({ callback, context, original: callback });
      }
      return this;
    }

    once(names, callback, context) {
      for (const name of names.split(/\s+/)) {
        const wrapped = (...args) => {
          this.off(name, callback);
          callback.apply(context ?? this, args);
        };
        this.on(name, wrapped, context);
        this.listenersOf(name).at(-1).original = callback;
      }
      return this;
    }

    off(names, callback) {
      if (!names) {
        this.allListeners().clear();
        return this;
      }
      for (const name of names.split(/\s+/)) {
        const kept = callback
          ? this.listenersOf(name).filter((each) => each.original !== callback)
          : [];
        this.allListeners().set(name, kept);
      }
      return this;
    }

    trigger(names, ...args) {
      for (const name of names.split(/\s+/)) {
        this.call(this.listenersOf(name), args);
        if (name !== 'all') this.call(this.listenersOf('all'), [name, ...args]);
      }
      return this;
    }

    call(listeners, args) {
      for (const { callback, context } of [...listeners]) {
        try {
          callback.apply(context ?? this, args);
        } catch (error) {
          self.reportError(error);
        }
      }
    }

    listenTo(other, names, callback) {
      other.on(names, callback, this);
      return this;
    }

    stopListening(other, names, callback) {
      other?.off(names, callback);
      return this;
    }

    removeAllListeners() {
      return this.off();
    }

    isListening(name) {
      return this.listenersOf(name).length > 0;
    }

    allListeners() {
      if (!Object.prototype.hasOwnProperty.call(this, 'eventListeners')) {
        Object.defineProperty(this, 'eventListeners', { value: new Map() });
      }
      return this.eventListeners;
    }

    listenersOf(name) {
      const all = this.allListeners();
      if (!all.has(name)) all.set(name, []);
      return all.get(name);
    }
  }

  module.exports = EventEmitter;
});

__d('WAWebBackboneModel', ['WAWebEventEmitter'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const EventEmitter = require('WAWebEventEmitter');

  function plain(value) {
    if (value && typeof value.serialize === 'function') return value.serialize();
    return value;
  }

  class BaseModel extends EventEmitter {
    constructor(given = {}, options = {}) {
      super();
      const attributes = given instanceof BaseModel ? given.attributes : given;
      Object.defineProperty(this, 'attributes', { value: {}, writable: true });
      Object.defineProperty(this, 'collections', { value: new Set() });
      Object.defineProperty(this, 'collection', { value: options.collection, writable: true });
      Object.assign(this.attributes, this.constructor.defaults?.());
      for (const [name, value] of Object.entries(attributes)) this.assign(name, value);
      this.initialize(attributes, options);
    }

    initialize() {}

    assign(name, value) {
      if (name in Object.getPrototypeOf(this) && !this.constructor.names.has(name)) return;
      this.attributes[name] = value;
      if (!(name in this)) exposeAttribute(this, name);
    }

    get(name) {
      return this.attributes[name];
    }

    set(name, value) {
      const changes = typeof name === 'string' ? { [name]: value } : name;
      const changed = [];
      for (const [each, next] of Object.entries(changes)) {
        const previous = this.attributes[each];
        if (previous === next) continue;
        this.assign(each, next);
        changed.push([each, next, previous]);
      }
      for (const [each, next, previous] of changed) this.announce(`change:${each}`, next, previous);
      if (changed.length) this.announce('change');
      return this;
    }

    unset(name) {
      return this.set(name, undefined);
    }

    announce(event, ...args) {
      this.trigger(event, this, ...args);
      for (const collection of [...this.collections]) collection.trigger(event, this, ...args);
    }

    serialize() {
      const result = {};
      for (const [name, value] of Object.entries(this.attributes)) {
        if (typeof value !== 'function') result[name] = plain(value);
      }
      return result;
    }

    toJSON() {
      return this.serialize();
    }

    safe() {
      return this;
    }

    unsafe() {
      return this;
    }

    delete() {
      for (const collection of [...this.collections]) collection.remove(this);
    }
  }
  BaseModel.names = new Set();

  function exposeAttribute(target, name) {
    Object.defineProperty(target, name, {
      configurable: true,
      enumerable: true,
      get() {
        return this.attributes?.[name];
      },
      set(value) {
        this.set(name, value);
      },
    });
  }

  function defineModel(modelClass, names, proxyName) {
    modelClass.names = new Set([...modelClass.names, ...names]);
    Object.defineProperty(modelClass.prototype, '__props', { value: [...modelClass.names] });
    for (const name of names) exposeAttribute(modelClass.prototype, name);
    if (proxyName) modelClass.prototype.proxyName = proxyName;
    return modelClass;
  }

  exports.BaseModel = BaseModel;
  exports.defineModel = defineModel;
});
