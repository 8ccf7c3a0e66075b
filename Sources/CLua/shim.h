#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

/* What Lua calls: takes arguments from the stack, leaves one value, returns whether that is an error. */
typedef int (*celeriac_lua_call)(void *context, lua_State *state);

/* lua_error jumps out of every frame above it: only this one, never one of Swift's. */
static int celeriac_lua_trampoline(lua_State *state) {
    celeriac_lua_call call = (celeriac_lua_call)lua_touserdata(state, lua_upvalueindex(1));
    int failed = call(lua_touserdata(state, lua_upvalueindex(2)), state);
    if (failed && lua_toboolean(state, lua_upvalueindex(3))) return lua_error(state);
    return 1;
}

/* Leaves a function on the stack that calls back; one that raises turns an error into a Lua error. */
static inline void celeriac_lua_push_call(lua_State *state, celeriac_lua_call call, void *context, int raises) {
    lua_pushlightuserdata(state, (void *)call);
    lua_pushlightuserdata(state, context);
    lua_pushboolean(state, raises);
    lua_pushcclosure(state, celeriac_lua_trampoline, 3);
}

/* Macros, which Swift does not import. */
static inline void celeriac_lua_set_global(lua_State *state, const char *name) { lua_setglobal(state, name); }
static inline void celeriac_lua_pop(lua_State *state, int count) { lua_pop(state, count); }
static inline int celeriac_lua_reference(lua_State *state) { return luaL_ref(state, LUA_REGISTRYINDEX); }
static inline void celeriac_lua_push_reference(lua_State *state, int reference) {
    lua_rawgeti(state, LUA_REGISTRYINDEX, reference);
}
