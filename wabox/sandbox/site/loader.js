// The module loader: `__d` registers a factory, `require` and `importNamespace` run it once. Factories
// get seven arguments (global, require, importDefault, importNamespace, requireLazy, module, exports).
// The sandbox's settings for this load (waves, missing exports) come in the page's #sandbox-config.
(function startLoader(global) {
  'use strict';

  const settings = JSON.parse(document.getElementById('sandbox-config').textContent);
  const nonce = document.currentScript.nonce;
  const modulesMap = {};
  const waiting = [];

  function define(id, dependencies, factory, flags) {
    if (Object.prototype.hasOwnProperty.call(modulesMap, id)) return;
    modulesMap[id] = { id, dependencies, factory, flags, state: 'defined' };
    settleWaiting();
  }

  function run(id) {
    const record = Object.prototype.hasOwnProperty.call(modulesMap, id) ? modulesMap[id] : null;
    if (!record) throw new Error(`Requiring unknown module "${id}"`);
    if (record.state === 'failed') throw record.error;
    if (record.state !== 'defined') return record;
    const module = { exports: {} };
    record.state = 'running';
    record.module = module;
    record.original = module.exports;
    try {
      record.factory.call(
        null, global, require, importDefault, importNamespace, requireLazy, module, module.exports,
      );
    } catch (error) {
      record.state = 'failed';
      record.error = error;
      throw error;
    }
    record.state = 'ready';
    return record;
  }

  function replaced(record) {
    return record.module.exports !== record.original;
  }

  function namespaceOf(record) {
    if (!replaced(record)) return record.module.exports;
    if (!record.namespace) {
      record.namespace = { ...record.module.exports, default: record.module.exports };
    }
    return record.namespace;
  }

  function require(id) {
    return id === '__debug' ? { modulesMap } : run(id).module.exports;
  }

  function importNamespace(id) {
    return id === '__debug' ? { modulesMap } : namespaceOf(run(id));
  }

  // `missing_exports` hides members from clients only: modules keep seeing each other whole.
  function hide(target, paths) {
    const gone = (name) => paths.some((path) => path.length === 1 && path[0] === name);
    return new Proxy(target, {
      get(object, name) {
        if (gone(name)) return undefined;
        if (name === 'toString') return () => object.toString();
        const value = Reflect.get(object, name);
        const deeper = paths.filter((path) => path.length > 1 && path[0] === name);
        return deeper.length && value ? hide(value, deeper.map((path) => path.slice(1))) : value;
      },
      has: (object, name) => !gone(name) && Reflect.has(object, name),
      ownKeys: (object) => Reflect.ownKeys(object).filter((name) => !gone(name)),
      getOwnPropertyDescriptor: (object, name) =>
        (gone(name) ? undefined : Reflect.getOwnPropertyDescriptor(object, name)),
    });
  }

  const missing = settings.missing_exports.map((path) => path.split('.'));
  const views = new Map();

  function missingFrom(id) {
    return missing.filter((path) => path[0] === id).map((path) => path.slice(1));
  }

  // A name may be in the map before its module can be had, or although it never can.
  const throwsOnce = new Set(settings.lazy_exports);
  const throwsAlways = new Set(settings.registered_not_requirable);

  function requireForClients(id) {
    if (throwsAlways.has(id) || throwsOnce.delete(id)) throw new Error(`Module "${id}" is not ready`);
    const paths = missingFrom(id);
    if (!paths.length) return require(id);
    if (!views.has(id)) views.set(id, hide(require(id), paths));
    return views.get(id);
  }

  function importForClients(id) {
    if (!missingFrom(id).length) return importNamespace(id);
    const view = requireForClients(id);
    if (!replaced(run(id))) return view;
    const name = `namespace ${id}`;
    if (!views.has(name)) views.set(name, hide({ ...view, default: view }, missingFrom(id)));
    return views.get(name);
  }

  function importDefault(id) {
    const record = run(id);
    return replaced(record) ? record.module.exports : record.module.exports.default;
  }

  function known(id) {
    return Object.prototype.hasOwnProperty.call(modulesMap, id);
  }

  function requireLazy(ids, callback) {
    waiting.push({ ids, callback });
    settleWaiting();
  }

  function settleWaiting() {
    for (const entry of waiting.filter((each) => each.ids.every(known))) {
      waiting.splice(waiting.indexOf(entry), 1);
      setTimeout(() => entry.callback(...entry.ids.map(global.require)), 0);
    }
  }

  let guardSkipped = false;
  global.ErrorGuard = {
    skipGuardGlobal(skip) {
      guardSkipped = skip;
    },
    guard(callback) {
      return (...args) => {
        if (guardSkipped) return callback(...args);
        try {
          return callback(...args);
        } catch (error) {
          return void global.reportError(error);
        }
      };
    },
  };
  global.requireLazy = requireLazy;
  global.importDefault = importDefault;
  global.importNamespace = importForClients;
  global.require = requireForClients;
  global.__d = define;

  define('Bootloader', [], (_g, _r, _d, _n, _l, module) => {
    module.exports = {
      loadModules: (ids, callback) => requireLazy(ids.filter(known), callback),
      __debug: { componentMap: new Map() },
    };
  });

  define('SandboxSettings', [], (_g, _r, _d, _n, _l, module) => {
    module.exports = settings;
  });

  // The real page's modules come in waves; `module_wave_ms` holds the later ones back.
  function loadWave(files) {
    for (const file of files) {
      const script = document.createElement('script');
      script.src = `/sandbox/site/${file}?v=${settings.version}`;
      script.async = false;
      script.nonce = nonce;
      document.head.append(script);
    }
  }

  loadWave(settings.first_wave);
  setTimeout(loadWave, settings.module_wave_ms, settings.second_wave);
})(window);
