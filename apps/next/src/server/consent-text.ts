/** A purpose that a guest allows or denies, in the words that the guest is shown. */
export interface PurposeText {
  readonly purpose: 'storage' | 'personalization'
  readonly title: string
  readonly text: string
  /** What a withdrawal removes. */
  readonly loses: string
}

/** The version of these words. A decision is noted with it: change it when you change what they mean. */
export const consentVersion = '1'

export const purposeTexts: readonly PurposeText[] = [
  {
    purpose: 'storage',
    title: 'Keep my conversations',
    text: 'What you say, the answers, the cart and your orders are kept, so that you can come back to them. The clerk cannot answer without: a conversation needs a place.',
    loses: 'all conversations, with their carts and orders, are deleted, and no new one can begin',
  },
  {
    purpose: 'personalization',
    title: 'Remember what I like',
    text: 'Your name, your budget, what you like and dislike: as you said it, for the rest of a conversation.',
    loses: 'all of it is deleted, in every conversation, and nothing more is noted',
  },
]
