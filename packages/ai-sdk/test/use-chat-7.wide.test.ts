import { describeUseChat } from './use-chat.js'

describeUseChat(7, ['ai@7', '@ai-sdk/react@4', '@ai-sdk/openai@4'], 24)
