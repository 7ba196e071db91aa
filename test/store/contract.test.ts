import { decisionsContract } from '../contract/decisions-contract.ts'
import { hitsContract } from '../contract/hits-contract.ts'
import { fileStore, memoryStore } from './a-store.ts'

hitsContract('a file', fileStore)
hitsContract('memory', memoryStore)
decisionsContract('a file', fileStore)
decisionsContract('memory', memoryStore)
