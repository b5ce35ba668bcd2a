// What a tab keeps over a reload. Browsers that keep no cookies may refuse it: then, until then.

function memory() {
  const values = new Map()
  return {
    getItem: name => values.get(name) ?? null,
    setItem: (name, value) => void values.set(name, value),
    removeItem: name => void values.delete(name),
  }
}

function storage() {
  try {
    return sessionStorage
  } catch {
    return memory()
  }
}

export const tabStorage = storage()
