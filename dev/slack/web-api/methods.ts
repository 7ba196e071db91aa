import { authMethods } from './auth.ts'
import { blockMethods } from './blocks.ts'
import { chatMethods } from './chat.ts'
import { conversationMethods } from './conversations.ts'
import { fileMethods } from './files.ts'
import type { ApiMethod } from './method.ts'
import { userMethods } from './users.ts'
import { viewMethods } from './views.ts'

/** Every Web API method but apps.connections.open, which belongs to the sockets. */
export const methods: Readonly<Record<string, ApiMethod>> = {
  ...authMethods,
  ...blockMethods,
  ...chatMethods,
  ...conversationMethods,
  ...fileMethods,
  ...userMethods,
  ...viewMethods,
}
