import { waitUntil } from '@sessions/testkit'
import { Redis } from 'ioredis'

/** What clients sent while `work` ran, by name in upper case; not what scripts called. */
export async function commandsDuring(url: string, work: () => Promise<void>): Promise<string[]> {
  const plain = new Redis(url)
  const monitor = await plain.monitor()
  const seen: string[][] = []
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    if (source !== 'lua') seen.push(args)
  })
  const begin = await mark(plain, seen, 'begin')
  await work()
  const end = await mark(plain, seen, 'end')
  monitor.disconnect()
  plain.disconnect()
  return seen.slice(begin + 1, end).map(([name]) => name!.toUpperCase())
}

async function mark(client: Redis, seen: string[][], text: string): Promise<number> {
  await client.echo(text)
  const at = () => seen.findIndex(([name, arg]) => name?.toLowerCase() === 'echo' && arg === text)
  await waitUntil(() => at() >= 0, { what: 'MONITOR to show a mark' })
  return at()
}

/** Bytes a server took in, gave out and logged while `work` ran. */
export async function bytesDuring(
  client: Redis,
  work: () => Promise<void>,
): Promise<{ input: number; output: number; log: number }> {
  const read = async () => {
    const info = await client.info('everything')
    const value = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
    return {
      input: value('total_net_input_bytes'),
      output: value('total_net_output_bytes'),
      log: value('aof_current_size'),
      own: info.length,
    }
  }
  const before = await read()
  await work()
  const after = await read()
  return {
    input: after.input - before.input,
    output: after.output - before.output - before.own,
    log: after.log - before.log,
  }
}
