// Before every test file: objects of the watch cache, which all readers share, are frozen.

import { freezeSharedObjects } from '../src/apiserver/watchcache/stored-object.ts'

freezeSharedObjects()
