/** The input of a story. */
export interface StoryInput {
  /** The listener. */
  readonly name?: string | undefined
  /** The topic. */
  readonly about?: string | undefined
  /** Products in the cart, which appear in the story. */
  readonly things: readonly string[]
}

/** A story of several paragraphs. The same input gives the same story. */
export function story({ name, about = 'a lost umbrella', things }: StoryInput): string {
  const hero = name ?? 'Mara'
  const luggage =
    things.length === 0 ? 'a flask of tea that somebody had pressed into her hands' : sayThings(things)
  return `### The Last Transport

The night train to the coast had eleven carriages, and ${hero} was in the twelfth. Nobody had ever mentioned a twelfth. It had not been on the board, nor on the ticket, and the conductor, when he came by, looked at the door for a long moment as if he were trying to remember whether he had locked it.

“You’ll be here about **${about}**,” he said at last.

${hero} had not been, until then. But it was past midnight, the rain was drawing long lines across the window, and there are questions one answers with yes because a no would take too long to explain.

“Then mind the shelf,” said the conductor. “It keeps what people forget. It does not always give it back.”

The shelf ran along the whole transport. There were gloves on it, in ones and never in twos. There were nine walking sticks, a cello without strings, a birthday cake that still had its candles, and a small brown dog who was asleep and did not look forgotten at all. Each thing had a label, and on each label stood, in the same careful hand, the name of a station and the hour.

${hero} had brought ${luggage}, and put it down on the last free seat. The dog opened one eye.

“Is it here?” ${hero} asked. “${capital(about)}?”

“Depends,” said the dog, who had evidently been asked before. “Was it lost, or was it left? We file those separately.”

It is a fair question, and harder than it sounds. The train went over a bridge while ${hero} thought about it. Below, in the harbour, the fishing boats were putting on their lamps one after another, like people raising their hands to speak.

“Left,” said ${hero}, when the bridge was over. “I think it was left. I only noticed later that I minded.”

“Ah,” said the dog, and got up, and shook itself, and trotted along the shelf to a place where the dust was thinner. “Those are at this end. There are more of them, and they are collected less often.”

They looked together. They found a letter that began *I have changed my mind*, a key with a green thread, the second half of a joke. They found a summer, folded very small. And between a kite and a pair of reading glasses, with a label that gave the right station and an hour that ${hero} remembered exactly, they found what they had come for. It was smaller than in memory. Most things are.

“You have to sign,” said the dog.

“With what?”

“With something you do not need any more. That is how the shelf stays full.”

So ${hero} went through every pocket, and found a bus ticket, which was refused, and a list of things to worry about before Thursday, which was accepted at once. The dog read it, nodded twice, and laid it on the shelf where the dust was thin.

When the conductor came through again it was getting light. There was the sea, flat and grey and enormous, and there were eleven carriages, and ${hero} was in the eleventh, by the window, with wet shoes and the feeling of having slept very well.

“Anything left behind?” asked the conductor, as he asks everybody.

${hero} looked up at the empty rack and down at both hands.

“Not any more,” said ${hero}, and got off.

*The end.* Ask for another one, and say what it should be about.`
}

function sayThings(things: readonly string[]): string {
  const named = things.slice(0, 3).map((thing) => `the ${thing}`)
  return named.length === 1 ? named[0]! : `${named.slice(0, -1).join(', ')} and ${named.at(-1)!}`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
