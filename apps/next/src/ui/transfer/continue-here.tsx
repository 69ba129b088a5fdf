'use client'

import { useRouter } from 'next/navigation'
import { useCallback, useEffect, useRef, useState } from 'react'
import { call } from '../api-client.ts'
import { isPassing, isProblem, sayProblem } from '../problem.ts'
import { announceChange } from '../sessions/changes.ts'
import { titleOf } from '../sessions/title.ts'
import type { TransferDescription } from '../wire.ts'
import { forgetLink, keepLink, type Link, takeLink } from './link.ts'

type Described = {
  readonly transfer: Omit<TransferDescription, 'sessionId'>
  readonly leaves: { readonly sessions: number }
}
type Answer =
  | { readonly status: 'pending'; readonly matchCode: string }
  | { readonly status: 'occupied'; readonly leaves: { readonly sessions: number } }
  | { readonly status: 'redeemed'; readonly sessionId: string }

type Step =
  | { readonly name: 'looking' }
  | { readonly name: 'nothing' }
  | { readonly name: 'invalid' }
  | { readonly name: 'problem'; readonly text: string }
  | { readonly name: 'asking'; readonly described: Described }
  | { readonly name: 'pending'; readonly matchCode: string }
  | { readonly name: 'done' }

const pollMs = 1000

/** The other device's side of a transfer: describes the session of the link, asks the user, and redeems. */
export function ContinueHere() {
  const router = useRouter()
  const [step, setStep] = useState<Step>({ name: 'looking' })
  const link = useRef<Link>(undefined)

  const describe = useCallback(async () => {
    if (link.current === undefined) return setStep({ name: 'nothing' })
    const { secret, guest } = link.current
    try {
      const body = { secret, ...(guest === undefined ? {} : { guest }) }
      const described = await call<Described>('POST', '/chat/continue/describe', { body })
      setStep({ name: 'asking', described })
    } catch (error) {
      setStep(afterFailure(error))
    }
  }, [])

  const redeem = useCallback(async () => {
    if (link.current === undefined) return
    try {
      const answer = await call<Answer>('POST', '/chat/continue', { body: link.current })
      if (answer.status === 'redeemed') {
        forgetLink()
        setStep({ name: 'done' })
        announceChange()
        router.replace(`/c/${answer.sessionId}`)
      } else if (answer.status === 'pending') {
        setStep({ name: 'pending', matchCode: answer.matchCode })
      } else {
        await describe()
      }
    } catch (error) {
      // While it waits, one lost request is no reason to give up: the next one asks the same.
      setStep((now) => (now.name === 'pending' && isPassing(error) ? now : afterFailure(error)))
    }
  }, [router, describe])

  useEffect(() => {
    link.current = takeLink()
    void describe()
  }, [describe])

  useEffect(() => {
    if (step.name !== 'pending') return
    const timer = setInterval(() => void redeem(), pollMs)
    return () => clearInterval(timer)
  }, [step.name, redeem])

  const accept = (leaves: number): void => {
    if (link.current === undefined) return
    link.current = { ...link.current, ...(leaves > 0 ? { replace: true } : {}) }
    keepLink(link.current)
    void redeem()
  }
  return <div aria-live="polite">{draw(step, accept, () => void describe())}</div>
}

function afterFailure(error: unknown): Step {
  if (!isProblem(error, 'not_found')) return { name: 'problem', text: sayProblem(error) }
  forgetLink()
  return { name: 'invalid' }
}

function draw(step: Step, accept: (leaves: number) => void, again: () => void) {
  switch (step.name) {
    case 'looking':
      return <p className="lead">Looking where this link leads …</p>
    case 'nothing':
      return (
        <>
          <h1>Continue here</h1>
          <p className="lead">
            Open “Move to another device” in a conversation over there, and point this device’s camera at the
            code.
          </p>
          <Home />
        </>
      )
    case 'invalid':
      return (
        <>
          <h1>This link does not work any more</h1>
          <p className="lead">
            It was used already, has expired, or was taken back. Make a new one over there.
          </p>
          <Home />
        </>
      )
    case 'problem':
      return (
        <>
          <h1>That did not work</h1>
          <p className="lead">{step.text}</p>
          <p>
            <button type="button" className="primary" onClick={again}>
              Try again
            </button>
          </p>
        </>
      )
    case 'asking':
      return <Asking described={step.described} onAccept={accept} />
    case 'pending':
      return (
        <>
          <h1>Approve it over there</h1>
          <p className="lead">Your other device asks whether this one shows this number:</p>
          <p className="match">{step.matchCode}</p>
          <p className="fine">This page goes on by itself.</p>
        </>
      )
    case 'done':
      return <p className="lead">Here it is …</p>
  }
}

function Asking({ described, onAccept }: { described: Described; onAccept: (leaves: number) => void }) {
  const [isSent, setSent] = useState(false)
  const { transfer, leaves } = described
  return (
    <>
      <h1>{transfer.mode === 'copy' ? 'Take a copy?' : 'Continue here?'}</h1>
      <p className="lead">
        “<bdi>{titleOf(transfer)}</bdi>”, with {count(transfer.messageCount, 'message')}
        {transfer.itemCount === 0 ? '' : ` and ${count(transfer.itemCount, 'thing')} in the cart`}.{' '}
        {meaning[transfer.mode]}
      </p>
      {leaves.sessions > 0 ? (
        <p>
          This device has {count(leaves.sessions, 'conversation')} of its own. If you go on, it shows those of
          your other device instead, and leaves {leaves.sessions === 1 ? 'that one' : 'these'} behind.
        </p>
      ) : undefined}
      <p className="link-actions">
        <button
          type="button"
          className="primary"
          disabled={isSent}
          onClick={() => {
            setSent(true)
            onAccept(leaves.sessions)
          }}
        >
          {transfer.mode === 'copy' ? 'Take the copy' : 'Continue here'}
        </button>
        <a className="quiet button" href="/">
          No, leave it
        </a>
      </p>
    </>
  )
}

function Home() {
  return (
    <p>
      <a className="button primary" href="/">
        To my conversations
      </a>
    </p>
  )
}

const meaning = {
  share: 'It goes on there as well.',
  move: 'Links to it that were given out before stop working.',
  copy: 'What is said there later stays there.',
} as const

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
