import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "react-redux";
import { App } from "./app/App";
import { Boundary } from "./app/Boundary";
import { SocketContext, connect } from "./app/realtime";
import { persistOutbox } from "./composer/persist";
import { startTranslations } from "./i18n";
import { prepareForOffline } from "./offline/begin";
import { begun } from "./session/actions";
import { applyTheme, storedTheme } from "./settings/theme";
import { makeStore } from "./store/store";
import "./styles/index.css";

applyTheme(storedTheme());
const store = makeStore();
const socket = connect(store);
persistOutbox(store);
prepareForOffline(store);

const place = document.getElementById("root");
if (!place) throw new Error("the page has no place for the client");
const root = createRoot(place);
// Which page it is depends on who is there.
void Promise.all([startTranslations(), store.dispatch(begun())]).then(() => {
  root.render(
    <StrictMode>
      <Provider store={store}>
        <SocketContext.Provider value={socket}>
          <Boundary>
            <App />
          </Boundary>
        </SocketContext.Provider>
      </Provider>
    </StrictMode>,
  );
});
