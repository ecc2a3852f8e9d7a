const root = element.querySelector(".wm-player");
const show = () => { root.textContent = (props.value?.tracks ?? []).map((t) => `${t.key} ${t.label}`).join(" · "); };
watch("value", show);
show();
