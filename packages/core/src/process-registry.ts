/**
 * A map that all copies of this package in one process share. Bundlers load the package several times, and an object
 * that one copy made is used through another.
 *
 * @param name Names the map; each name has one map.
 */
export function processRegistry<Key extends object, Value>(name: string): WeakMap<Key, Value> {
  const registries = globalThis as { [key: symbol]: WeakMap<Key, Value> | undefined }
  return (registries[Symbol.for(`@sessions/${name}`)] ??= new WeakMap())
}
