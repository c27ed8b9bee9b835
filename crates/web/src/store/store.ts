import { type ThunkAction, type UnknownAction, configureStore } from "@reduxjs/toolkit";
import { useDispatch, useSelector } from "react-redux";
import { api } from "../api/api";
import { outboxReducer } from "../composer/outbox";
import { conversationsReducer } from "../conversations/slice";
import { messagesReducer } from "../messages/slice";
import { runsReducer } from "../runs/slice";
import { sessionReducer } from "../session/slice";
import { noticesReducer } from "../ui/notices";

export function makeStore() {
  return configureStore({
    reducer: {
      [api.reducerPath]: api.reducer,
      conversations: conversationsReducer,
      messages: messagesReducer,
      notices: noticesReducer,
      outbox: outboxReducer,
      runs: runsReducer,
      session: sessionReducer,
    },
    // The development checks walk through the whole state after every paint of a stream.
    middleware: (defaults) =>
      defaults({ immutableCheck: false, serializableCheck: false }).concat(api.middleware),
  });
}

export type Store = ReturnType<typeof makeStore>;
export type RootState = ReturnType<Store["getState"]>;
export type Dispatch = Store["dispatch"];
export type Thunk<Result = void> = ThunkAction<Result, RootState, undefined, UnknownAction>;

export const useAppDispatch = useDispatch.withTypes<Dispatch>();
export const useAppSelector = useSelector.withTypes<RootState>();
