import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { until } from '../../support/until.js'

/** A port of this machine that nothing listens on. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Whether something listens on a port of this machine. */
const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const answer = (listens: boolean) => (): void => {
      socket.destroy()
      resolve(listens)
    }
    socket.on('connect', answer(true)).on('error', answer(false))
  })

/** Resolves when something listens on the port. */
export const listening = async (port: number): Promise<void> => {
  await until(`something that listens on port ${port}`, () => isListening(port))
}
