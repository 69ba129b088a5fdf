import { describeUseChat } from './use-chat.js'

describeUseChat(6, ['ai@6', '@ai-sdk/react@3', '@ai-sdk/openai@3'], 22)
