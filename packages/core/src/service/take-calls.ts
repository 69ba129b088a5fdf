import type { Workload } from './workload.js'

/**
 * Makes the methods of a class count as calls: their service refuses them when it is closed, and waits for them before
 * it closes.
 *
 * @param workOf The workload of a handle's service.
 * @param others The methods that return an object at once. That object makes calls of its own.
 */
export function takeCalls<Handle extends object>(
  prototype: Handle,
  workOf: (handle: Handle) => Workload,
  others: readonly (keyof Handle)[] = [],
): void {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const verb: unknown = descriptor.value
    if (name === 'constructor' || typeof verb !== 'function') continue
    if (others.includes(name as keyof Handle)) continue
    const { [name]: call } = {
      async [name](this: Handle, ...args: unknown[]): Promise<unknown> {
        return workOf(this).call(() => verb.apply(this, args) as Promise<unknown>)
      },
    }
    Object.defineProperty(prototype, name, { ...descriptor, value: call })
  }
}
