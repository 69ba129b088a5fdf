import { SessionError } from '../errors.js'

/** An error with the turn whose model failed, so that a client finds the stored part of the answer. */
export class FailedTurn extends SessionError {
  readonly turn: object

  constructor(turn: object, message: string | undefined) {
    super('model_failed', message ?? 'The model failed.')
    this.turn = turn
  }
}
