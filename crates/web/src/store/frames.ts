import { createAction } from "@reduxjs/toolkit";
import type { ServerFrame } from "../contract";
import type { Kept } from "../offline/database";

/** What arrived on the socket since the last paint, in its order. Every slice takes its own part of it. */
export const framesArrived = createAction<ServerFrame[]>("socket/framesArrived");

/** Somebody else signs in, or nobody: nothing of the person before may stay. */
export const forgotten = createAction("session/forgotten");

/** The server cannot be reached: what this device has kept stands in for it. */
export const restored = createAction<Kept>("offline/restored");
