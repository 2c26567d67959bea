const STORED = 'parlor.arena.muted';

/** Sound plays the few noises of the game, made on the spot. It may start only after a click. */
export class Sound {
  muted = localStorage.getItem(STORED) === '1';
  private audio: AudioContext | undefined;
  private noise: AudioBuffer | undefined;

  /** Must be called in a click's or key's handler; browsers refuse it elsewhere. */
  start(): void {
    if (this.audio || typeof AudioContext === 'undefined') return;
    this.audio = new AudioContext();
    this.noise = this.audio.createBuffer(1, this.audio.sampleRate * 0.4, this.audio.sampleRate);
    const samples = this.noise.getChannelData(0);
    for (let i = 0; i < samples.length; i++) samples[i] = Math.random() * 2 - 1;
  }

  toggle(): void {
    this.muted = !this.muted;
    localStorage.setItem(STORED, this.muted ? '1' : '0');
  }

  /** A shot that many metres away. */
  shot(metres: number): void {
    const loud = 0.16 / (1 + metres * 0.16);
    this.hiss(loud, 0.11, 1500);
    this.tone('square', 190, 60, loud * 0.5, 0.08);
  }

  hit(): void {
    this.tone('triangle', 1250, 900, 0.14, 0.06);
  }

  hurt(): void {
    this.tone('sawtooth', 150, 70, 0.16, 0.16);
    this.hiss(0.1, 0.12, 500);
  }

  kill(): void {
    this.tone('triangle', 620, 630, 0.16, 0.1);
    this.tone('triangle', 930, 940, 0.16, 0.18, 0.09);
  }

  death(): void {
    this.tone('sawtooth', 260, 40, 0.18, 0.5);
    this.hiss(0.16, 0.35, 900);
  }

  pickup(): void {
    this.tone('sine', 520, 780, 0.14, 0.09);
    this.tone('sine', 780, 1040, 0.14, 0.12, 0.07);
  }

  empty(): void {
    this.tone('square', 900, 700, 0.04, 0.03);
  }

  private tone(type: OscillatorType, from: number, to: number, loud: number, seconds: number, wait = 0): void {
    const { audio } = this;
    if (!audio || this.muted) return;
    const at = audio.currentTime + wait;
    const voice = audio.createOscillator();
    voice.type = type;
    voice.frequency.setValueAtTime(from, at);
    voice.frequency.exponentialRampToValueAtTime(to, at + seconds);
    voice.connect(this.envelope(audio, loud, at, seconds));
    voice.start(at);
    voice.stop(at + seconds);
  }

  private hiss(loud: number, seconds: number, frequency: number): void {
    const { audio, noise } = this;
    if (!audio || !noise || this.muted) return;
    const at = audio.currentTime;
    const voice = audio.createBufferSource();
    voice.buffer = noise;
    const filter = audio.createBiquadFilter();
    filter.type = 'lowpass';
    filter.frequency.setValueAtTime(frequency * 2, at);
    filter.frequency.exponentialRampToValueAtTime(frequency * 0.4, at + seconds);
    voice.connect(filter).connect(this.envelope(audio, loud, at, seconds));
    voice.start(at, Math.random() * 0.1);
    voice.stop(at + seconds);
  }

  private envelope(audio: AudioContext, loud: number, at: number, seconds: number): GainNode {
    const gain = audio.createGain();
    gain.gain.setValueAtTime(loud, at);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + seconds);
    gain.connect(audio.destination);
    return gain;
  }
}
