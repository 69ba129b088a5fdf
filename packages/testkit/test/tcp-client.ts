import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { waitUntil, type Endpoint } from '../src/index.js'

/** One connection of a test, and all that happens to it. */
export class TcpClient {
  readonly #socket: Socket
  #received = ''
  #error: string | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => {
      this.#received += bytes.toString()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error.code
    })
  }

  /** Begins to connect: how that ends is told by {@link closes}. */
  static begin({ host, port }: Endpoint): TcpClient {
    return new TcpClient(connect({ host, port }))
  }

  static async connect(target: Endpoint): Promise<TcpClient> {
    const client = TcpClient.begin(target)
    await once(client.#socket, 'connect')
    return client
  }

  get received(): string {
    return this.#received
  }

  get isClosed(): boolean {
    return this.#socket.closed
  }

  send(text: string): void {
    this.#socket.write(text)
  }

  /** Waits until all of `text`, and nothing else, has come back. */
  async receives(text: string): Promise<void> {
    await waitUntil(() => this.#received === text, {
      what: `"${text}" to come back`,
      detail: () => this.#received,
    })
  }

  /** Waits until the connection is closed and gives the code of the error it ended with, if any. */
  async closes(): Promise<string | undefined> {
    await waitUntil(() => this.#socket.closed, { what: 'the connection to be closed' })
    return this.#error
  }

  destroy(): void {
    this.#socket.destroy()
  }

  end(): void {
    this.#socket.end()
  }
}
