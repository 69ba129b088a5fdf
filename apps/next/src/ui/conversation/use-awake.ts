import { useSyncExternalStore } from 'react'

const never = () => () => {}

/** Whether the scripts of the page are at work. Before, what a press would do is shown as not there yet. */
export function useAwake(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  )
}
