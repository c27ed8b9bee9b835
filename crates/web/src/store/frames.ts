import { createAction } from "@reduxjs/toolkit";
import type { ServerFrame } from "../contract";

/** What arrived on the socket since the last paint, in its order. Every slice takes its own part of it. */
export const framesArrived = createAction<ServerFrame[]>("socket/framesArrived");

/** Somebody else signs in, or nobody: nothing of the person before may stay. */
export const forgotten = createAction("session/forgotten");
