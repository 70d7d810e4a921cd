// Collections: models by id, in order, telling of every change.
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
