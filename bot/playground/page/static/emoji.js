// The emoji that bots use; any other shortcode stays as it was written.
const TABLE = `
white_check_mark ✅|heavy_check_mark ✔️|x ❌|warning ⚠️|rotating_light 🚨|rocket 🚀|tada 🎉|eyes 👀|hourglass ⌛
hourglass_flowing_sand ⏳|stopwatch ⏱️|alarm_clock ⏰|clock1 🕐|hammer 🔨|wrench 🔧|gear ⚙️|lock 🔒|unlock 🔓
key 🔑|bell 🔔|no_bell 🔕|zzz 💤|snowflake ❄️|fire 🔥|boom 💥|bug 🐛|package 📦|label 🏷️|link 🔗|pushpin 📌
memo 📝|clipboard 📋|page_facing_up 📄|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊
mag 🔍|bulb 💡|speech_balloon 💬|point_right 👉|point_down 👇|thumbsup 👍|+1 👍|thumbsdown 👎|-1 👎|wave 👋
raised_hand ✋|hand ✋|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|construction 🚧|arrow_right ➡️|arrow_left ⬅️
arrow_up ⬆️|arrow_down ⬇️|arrow_forward ▶️|fast_forward ⏩|rewind ⏪|leftwards_arrow_with_hook ↩️|pause_button ⏸️
double_vertical_bar ⏸️|repeat 🔁|arrows_counterclockwise 🔄|large_green_circle 🟢|large_yellow_circle 🟡
large_orange_circle 🟠|red_circle 🔴|large_blue_circle 🔵|large_purple_circle 🟣|white_circle ⚪|black_circle ⚫
large_green_square 🟩|large_blue_square 🟦|white_large_square ⬜|black_large_square ⬛|star ⭐|sparkles ✨|heart ❤️
bird 🐦|baby_chick 🐤|hatching_chick 🐣|canary 🐤|turtle 🐢|ship 🚢|whale 🐳|robot_face 🤖|crown 👑|cry 😢|smile 😄
slightly_smiling_face 🙂|thinking_face 🤔|grey_question ❔|question ❓|exclamation ❗|information_source ℹ️
busts_in_silhouette 👥|bust_in_silhouette 👤|calendar 📆|date 📅|moon 🌔|sunny ☀️|cyclone 🌀|traffic_light 🚦
vertical_traffic_light 🚦|checkered_flag 🏁|test_tube 🧪|microscope 🔬|scales ⚖️|seedling 🌱|broom 🧹|recycle ♻️`;

const EMOJI = new Map(
  TABLE.trim()
    .split(/[|\n]/)
    .map((entry) => entry.trim().split(" ")),
);

/** The character of a shortcode, or null. */
export const emoji = (name) => EMOJI.get(name) ?? null;
