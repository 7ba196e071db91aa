import type { Block } from './block.ts'
import type { Feed } from './feed.ts'
import type { Ids } from './ids.ts'

export type ViewContent = {
  readonly type: 'modal' | 'home'
  readonly title: unknown
  readonly submit: unknown
  readonly close: unknown
  readonly blocks: readonly Block[]
  readonly privateMetadata: string
  readonly callbackId: string
  readonly externalId: string
  readonly clearOnClose: boolean
  readonly notifyOnClose: boolean
}

export type View = ViewContent & {
  readonly id: string
  readonly userId: string
  /** Changes with each update; a caller may send it along so as not to overwrite a newer view. */
  readonly hash: string
  readonly rootId: string
  readonly previousId: string | undefined
}

/** The modals that stand open, a stack of at most three for each person, and everybody's App Home. */
export type Views = {
  get(id: string): View | undefined
  byExternalId(externalId: string): View | undefined
  home(userId: string): View | undefined
  /** Bottom first; the last one is what the person sees. */
  stack(userId: string): readonly View[]
  open(userId: string, content: ViewContent): View
  /** Undefined when three stand already. */
  push(userId: string, content: ViewContent): View | undefined
  update(view: View, content: ViewContent): View
  publish(userId: string, content: ViewContent): View
  /** Takes the topmost away. */
  pop(userId: string): void
  /** Closes the whole stack. */
  clear(userId: string): void
}

export function createViews(ids: Ids, feed: Feed): Views {
  const byId = new Map<string, View>()
  const stacks = new Map<string, readonly string[]>()
  const homes = new Map<string, string>()

  function put(view: View): View {
    byId.set(view.id, view)
    feed.emit(view.type === 'home' ? 'home' : 'view', { id: view.id, userId: view.userId })
    return view
  }
  function create(userId: string, content: ViewContent, below: readonly string[]): View {
    const id = ids.next('V')
    const root = below[0] ?? id
    return put({ ...content, id, userId, hash: newHash(), rootId: root, previousId: below.at(-1) })
  }
  function setStack(userId: string, stack: readonly string[]): void {
    for (const id of stacks.get(userId) ?? []) if (!stack.includes(id)) byId.delete(id)
    stacks.set(userId, stack)
    feed.emit('view', { userId })
  }
  const newHash = () => `${ids.ts().split('.')[0]}.${ids.secret().slice(0, 8)}`
  const stackIds = (userId: string) => stacks.get(userId) ?? []

  const views: Views = {
    get: (id) => byId.get(id),
    byExternalId: (externalId) => [...byId.values()].find((view) => view.externalId === externalId),
    home: (userId) => byId.get(homes.get(userId) ?? ''),
    stack: (userId) => stackIds(userId).flatMap((id) => byId.get(id) ?? []),
    open(userId, content) {
      setStack(userId, [])
      const view = create(userId, content, [])
      setStack(userId, [view.id])
      return view
    },
    push(userId, content) {
      const below = stackIds(userId)
      if (below.length >= 3) return undefined
      const view = create(userId, content, below)
      setStack(userId, [...below, view.id])
      return view
    },
    update: (view, content) => put({ ...view, ...content, hash: newHash() }),
    publish(userId, content) {
      const old = views.home(userId)
      if (old !== undefined) return views.update(old, content)
      const view = create(userId, content, [])
      homes.set(userId, view.id)
      return view
    },
    pop: (userId) => setStack(userId, stackIds(userId).slice(0, -1)),
    clear: (userId) => setStack(userId, []),
  }
  return views
}
