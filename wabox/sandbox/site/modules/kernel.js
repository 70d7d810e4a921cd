// Events, models and collections: the small frame that every other module stands on.
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

__d('WAWebBaseCollection', ['WAWebEventEmitter'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const EventEmitter = require('WAWebEventEmitter');

  class BaseCollection extends EventEmitter {
    constructor() {
      super();
      this._models = [];
      Object.defineProperty(this, 'index', { value: new Map() });
    }

    get modelClass() {
      return this.constructor.model;
    }

    get length() {
      return this._models.length;
    }

    get models() {
      return this._models;
    }

    add(items, options = {}) {
      const result = [];
      for (const item of Array.isArray(items) ? items : [items]) {
        const key = String(item.id);
        const known = this.index.get(key);
        if (known) {
          if (options.merge && known !== item) known.set(item.attributes ?? item);
          result.push(known);
          continue;
        }
        result.push(this.insert(key, item, options));
      }
      return result;
    }

    insert(key, item, options) {
      const modelClass = this.modelClass;
      const model = !modelClass || item instanceof modelClass ? item : new modelClass(item);
      this.index.set(key, model);
      this._models.push(model);
      model.collections?.add(this);
      if ('collection' in model && !model.collection) model.collection = this;
      if (!options.silent) this.trigger('add', model, this, options);
      return model;
    }

    remove(items) {
      for (const item of Array.isArray(items) ? items : [items]) {
        const model = this.get(item.id ?? item);
        if (!model) continue;
        this.index.delete(String(model.id));
        this._models.splice(this._models.indexOf(model), 1);
        model.collections?.delete(this);
        this.trigger('remove', model, this);
      }
      return items;
    }

    reset(items = []) {
      this.index.clear();
      this._models.length = 0;
      this.add(items, { silent: true });
      this.trigger('reset', this);
      return this;
    }

    get(id) {
      if (id === null || id === undefined) return undefined;
      const bare = typeof id === 'object' && !id._serialized ? (id.attributes ?? id).id ?? id : id;
      return this.index.get(bare._serialized ?? String(bare));
    }

    assertGet(id) {
      const model = this.get(id);
      if (!model) throw new Error(`${this.constructor.name} has no ${id}`);
      return model;
    }

    gadd(id) {
      return this.get(id) ?? this.add({ id })[0];
    }

    async find(id) {
      return this.gadd(id);
    }

    async update(id) {
      return (Array.isArray(id) ? id : [id]).map((each) => this.gadd(each));
    }

    has(id) {
      return Boolean(this.get(id));
    }

    findFirst(test) {
      return this._models.find(test);
    }

    at(position) {
      return this._models.at(position);
    }

    head() {
      return this._models[0];
    }

    last() {
      return this._models.at(-1);
    }

    getModelsArray() {
      return [...this._models];
    }

    toArray() {
      return [...this._models];
    }

    filter(test) {
      return this._models.filter(test);
    }

    map(change) {
      return this._models.map(change);
    }

    forEach(visit) {
      this._models.forEach(visit);
    }

    some(test) {
      return this._models.some(test);
    }

    every(test) {
      return this._models.every(test);
    }

    reduce(fold, start) {
      return this._models.reduce(fold, start);
    }

    sort(order) {
      this._models.sort(order);
      this.trigger('sort', this);
      return this;
    }

    ensureSorted() {
      return this;
    }

    serialize() {
      return this._models.map((model) => model.serialize?.() ?? model);
    }

    toJSON() {
      return this.serialize();
    }
  }

  exports.BaseCollection = BaseCollection;
});

__d('WAWebCollection', ['WAWebBaseCollection'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const { BaseCollection } = require('WAWebBaseCollection');

  exports.default = class Collection extends BaseCollection {
    constructor() {
      super();
      if (!this.modelClass) throw new Error('Collection initialized without model');
    }
  };
});
