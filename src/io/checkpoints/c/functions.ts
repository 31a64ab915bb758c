/** C functions that layers share, for both forms: what differs is types, how a number is read and how a sum is stored. */

/** The form of a file: its types and its arithmetic. */
export interface Form {
  /** Of an activation. */
  readonly value: string
  readonly weight: string
  readonly sum: string
  /** Parameters of a function of sums, after its bias. */
  readonly parameters: string
  /** A number as a factor. */
  readonly read: (value: string) => string
  /** Statements that store `sum` as `out[n]`, of output `o`. */
  readonly store: string
}

/** float32. */
export const floatForm: Form = {
  value: 'float',
  weight: 'float',
  sum: 'float',
  parameters: 'int relu',
  read: (value) => value,
  store: 'out[n] = relu && sum < 0.0f ? 0.0f : sum;',
}

const integers = {
  value: 'uint8_t',
  weight: 'int8_t',
  sum: 'int32_t',
  read: (value: string) => `((int32_t)${value} - zero)`,
}

/** 8-bit integers: 32-bit sums become numbers of a grid. */
export const integerForm: Form = {
  ...integers,
  parameters: 'const int32_t *multipliers, const uint8_t *shifts, int32_t zero, int32_t to, int32_t low',
  store: 'out[n] = clamped(rescaled(sum, multipliers[o], shifts[o]) + to, low);',
}

/** The last layer's: 32-bit sums in one unit. */
export const logitsForm: Form = {
  ...integers,
  parameters: 'const int32_t *multipliers, const uint8_t *shifts, int32_t zero',
  store: 'out[n] = (int32_t)rescaled(sum, multipliers[o], shifts[o]);',
}

/** The type of a layer's windows. */
export const WINDOW = `/* Of a layer: what it reads, what it writes, its windows, its groups of channels. */
struct window {
  int32_t height, width, channels;
  int32_t rows, columns, outputs;
  int32_t tall, wide, down, across, above, before;
  int32_t groups;
};
`

/** A sum times a factor, without what C99 leaves open, such as shifts of negative numbers. */
export const RESCALED = `/* sum * multiplier / 2^shift, rounded to the nearest integer, halves up. */
static int64_t rescaled(int32_t sum, int32_t multiplier, int shift) {
  const int64_t half = (int64_t)1 << (shift - 1);
  const uint64_t raised = (uint64_t)((int64_t)sum * multiplier + half) + ((uint64_t)1 << 62);
  return (int64_t)(raised >> shift) - ((int64_t)1 << (62 - shift));
}
`

/** The nearest number of a grid. */
export const CLAMPED = `static uint8_t clamped(int64_t value, int32_t low) {
  return (uint8_t)(value < low ? low : value > 255 ? 255 : value);
}
`

/** A sum of summands on one grid. */
export const SHIFTED = `/* sum / 2^shift, rounded to the nearest integer, halves up. */
static int32_t shifted(int32_t sum, int shift) {
  const uint32_t raised = (uint32_t)(sum + ((int32_t)1 << (shift - 1))) + ((uint32_t)1 << 31);
  return (int32_t)(raised >> shift) - (int32_t)((uint32_t)1 << (31 - shift));
}
`

const outputType = (form: Form): string => (form === logitsForm ? 'int32_t' : form.value)

const perPixel = (body: string): string => `  int32_t n = 0;
  for (int32_t row = 0; row < w->rows; row++) {
    const int32_t y = row * w->down - w->above;
    for (int32_t column = 0; column < w->columns; column++) {
      const int32_t x = column * w->across - w->before;
${body}
    }
  }
`

/** Sums over all weights of each output. */
export const denseFunction = (name: string, form: Form): string => `/* Sums over all weights. */
static void ${name}(const struct window *w, const ${form.weight} *weights, const ${form.sum} *bias, ${form.parameters},
    const ${form.value} *in, ${outputType(form)} *out) {
  const int32_t taken = w->channels / w->groups, made = w->outputs / w->groups;
${perPixel(`      const int32_t first = x < 0 ? -x : 0;
      const int32_t end = w->wide < w->width - x ? w->wide : w->width - x;
      const int32_t pieces = w->groups == 1 ? 1 : end - first;
      const int32_t length = w->groups == 1 ? (end - first) * taken : taken;
      for (int32_t o = 0; o < w->outputs; o++, n++) {
        ${form.sum} sum = bias[o];
        for (int32_t i = 0; i < w->tall; i++) {
          if (y + i < 0 || y + i >= w->height) continue;
          int32_t at = ((y + i) * w->width + x + first) * w->channels + o / made * taken;
          int32_t of = ((o * w->tall + i) * w->wide + first) * taken;
          for (int32_t piece = 0; piece < pieces; piece++, at += w->channels, of += taken)
            for (int32_t k = 0; k < length; k++) sum += ${form.sum === 'float' ? 'weights[of + k]' : '(int32_t)weights[of + k]'} * ${form.read('in[at + k]')};
        }
        ${form.store}
      }`)}}
`

/** Sums over the weights that are not zero. */
export const rowsFunction = (
  name: string,
  form: Form,
  width: 8 | 16,
): string => `/* Sums over compressed rows: of each output, how many weights, and the steps from one input to the next. */
static void ${name}(const struct window *w, const uint16_t *counts, const uint${width}_t *steps, const ${form.weight} *weights,
    const ${form.sum} *bias, ${form.parameters}, const ${form.value} *in, ${outputType(form)} *out) {
  const int32_t line = w->width * w->channels;
${perPixel(`      const int inside = y >= 0 && y + w->tall <= w->height && x >= 0 && x + w->wide <= w->width;
      const int32_t corner = (y * w->width + x) * w->channels;
      int32_t k = 0;
      for (int32_t o = 0; o < w->outputs; o++, n++) {
        const int32_t end = k + counts[o];
        int32_t at = 0;
        ${form.sum} sum = bias[o];
        if (inside) {
          const ${form.value} *p = in + corner;
          for (; k < end; k++) {
            p += steps[k];
            sum += weights[k] * ${form.read('*p')};
          }
        } else
          for (; k < end; k++) {
            at += steps[k];
            const int32_t i = at / line, j = (at - i * line) / w->channels;
            if (y + i >= 0 && y + i < w->height && x + j >= 0 && x + j < w->width)
              sum += weights[k] * ${form.read('in[corner + at]')};
          }
        ${form.store}
      }`)}}
`

/** The largest value of each window. */
export const largestFunction = (
  type: string,
): string => `static void largest(const struct window *w, const ${type} *in, ${type} *out) {
${perPixel(`      for (int32_t c = 0; c < w->channels; c++, n++) {
        int any = 0;
        ${type} most = 0;
        for (int32_t i = y < 0 ? 0 : y; i < y + w->tall && i < w->height; i++)
          for (int32_t j = x < 0 ? 0 : x; j < x + w->wide && j < w->width; j++) {
            const ${type} value = in[(i * w->width + j) * w->channels + c];
            if (!any || value > most) most = value;
            any = 1;
          }
        out[n] = most;
      }`)}}
`

/** The pixels of a window that its mean counts, along one axis. */
const counted = `static int32_t counted(int32_t start, int32_t side, int32_t size, int32_t margin) {
  const int32_t first = start < -margin ? -margin : start;
  const int32_t end = start + side > size + margin ? size + margin : start + side;
  return end - first;
}

`

/** The mean of each window. @param form 'integer': by the factor of its number of pixels */
export const meanFunction = (form: 'float' | 'integer'): string => {
  const isFloat = form === 'float'
  const [type, sum] = isFloat ? ['float', 'float'] : ['uint8_t', 'int32_t']
  const parameters = isFloat ? '' : ' const int32_t *multipliers, const uint8_t *shifts, int32_t zero, int32_t to,'
  return `${counted}static void mean(const struct window *w, int32_t tall, int32_t wide,${parameters} const ${type} *in, ${type} *out) {
${perPixel(`      const int32_t count = counted(y, w->tall, w->height, tall) * counted(x, w->wide, w->width, wide);
      for (int32_t c = 0; c < w->channels; c++, n++) {
        ${sum} sum = 0;
        for (int32_t i = y < 0 ? 0 : y; i < y + w->tall && i < w->height; i++)
          for (int32_t j = x < 0 ? 0 : x; j < x + w->wide && j < w->width; j++)
            sum += ${isFloat ? '' : '(int32_t)'}in[(i * w->width + j) * w->channels + c]${isFloat ? '' : ' - zero'};
        out[n] = ${isFloat ? 'sum / (float)count' : 'clamped(rescaled(sum, multipliers[count], shifts[count]) + to, 0)'};
      }`)}}
`
}

/** An image with more pixels at its sides. */
export const padFunction = (
  type: string,
): string => `static void pad(const struct window *w, ${type} value, const ${type} *in, ${type} *out) {
${perPixel(`      for (int32_t c = 0; c < w->channels; c++, n++)
        out[n] = y < 0 || y >= w->height || x < 0 || x >= w->width ? value : in[(y * w->width + x) * w->channels + c];`)}}
`

/** The same, on another grid. */
export const padByTableFunction = `static void pad_by_table(const struct window *w, uint8_t value, const uint8_t *table, const uint8_t *in, uint8_t *out) {
${perPixel(`      for (int32_t c = 0; c < w->channels; c++, n++)
        out[n] = y < 0 || y >= w->height || x < 0 || x >= w->width ? value : table[in[(y * w->width + x) * w->channels + c]];`)}}
`
