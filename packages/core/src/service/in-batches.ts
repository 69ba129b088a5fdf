import { pause } from '../async/slices.js'

/**
 * Has what comes for one place of a store at the same moment done together: the first job begins at once, and those that
 * come meanwhile wait for it and are the next batch. So the processes race for a place, and not all their calls.
 *
 * @param most Jobs in one batch.
 * @param work Does the jobs of one batch and settles each. It never rejects.
 */
export function inBatches<Job>(
  most: number,
  work: (jobs: readonly Job[]) => Promise<void>,
): (store: object, place: string, job: Job) => void {
  const stores = new WeakMap<object, Map<string, Job[]>>()
  const drain = async (places: Map<string, Job[]>, place: string, waiting: Job[]): Promise<void> => {
    while (waiting.length > 0) {
      await work(waiting.splice(0, most))
      // A store that answers at once lets nobody in: each job would be a batch of its own.
      await pause()
    }
    // In the same moment as the look at what waits: nothing may come in between.
    places.delete(place)
  }
  return (store, place, job) => {
    const places = stores.get(store) ?? new Map<string, Job[]>()
    stores.set(store, places)
    const waiting = places.get(place)
    if (waiting !== undefined) {
      waiting.push(job)
      return
    }
    const first = [job]
    places.set(place, first)
    void drain(places, place, first)
  }
}
