// Compressed by the zstd command, version 1.5.4: bytes that none of our code made.

function decode(base64: string): Buffer {
  return Buffer.from(base64, "base64");
}

/** `(i * i) % 97`, a blank, `w` where 3 divides i else `r`, a newline; for i = 0..59999. Three blocks long. */
export function sampleLines(): string {
  return Array.from({ length: 60_000 }, (_, i) => `${(i * i) % 97} ${i % 3 === 0 ? "w" : "r"}\n`).join("");
}

/** 3000 letters of which some are rarer: literals for a Huffman table, and nothing to match. */
export function sampleLetters(): string {
  let state = 1;
  let letters = "";
  for (let i = 0; i < 3000; i++) {
    state = (state * 16807) % 2147483647;
    letters += String.fromCharCode(97 + Math.min((state >> 8) & 15, (state >> 16) & 15));
  }
  return letters;
}

/** {@link sampleLines} from a pipe: a window, no content size. */
export const LINES_FROM_PIPE = decode(
  "KLUv/QRYXAsAdlctD9ClAwUBzLcke+8t5/CwUCsAKgAuACtpVgLBZigriWxOWEkrKdgMxEpBK8Pm1EpBVhaxScLKQSvJbJaVYuVsAgEryWbNSgori6wktXJmc4SVU5tEK8VYWbUZ0MpRm8BYKcrKIDZHrCRlM4xTxNRmCMQmBRM2iYSwCQRjk4wAxmatHAFtVhFtlhpDxGySUZslBCtHsLKMWhlK////////f+/93nvvvffee++9995777333vvmlIC5qIHVCpJW6jFsBpCjJM0BEiCWGuJ8////73n6hTUXk8Odu8vW9lof8GR23XhPjT78u+GtNd/pY4d7ZbXhj1t8kNVm8prXxc/z0ytInYZU1Oc3VWDARaXlIEaZyL4p2YgHJrJv0jtV5r/9/1T/C7tlOZuIRRs8/iNWcsCuXa0SJH3SUZmu6F6HloNlwP1tODjlnkxtIhr6TVUPQoxVFH4Kurug4qhKzb9DFfcvtatQT/wqTAAACHIBAPz/ORACRQAACAoBAJ7vDoQFaJuc",
);
/** {@link sampleLines} from a file: one segment, with its size. */
export const LINES_FROM_FILE = decode(
  "KLUv/aSibwQAzAoAdtYqDsBrDKar8ttdsv2HMLgHKgAxACAApNakmqPUilALzkhm1IpT85BaImpHzYBqialNpKYZtUXUmlAz1ZLaUBME41QxIRFQjkBCoDKCMaRCSeOcg4apiUKtGLWI1DSm1qDaEGqWYZIgBYmCABmkZki1JPP5ns/nez6fz/l8vufz+XzP5/P53vMFEGoQgw4RYpgR9Z7v+Xw+n+/5fD7fe77n8/l8z+fzue/53nsegL2oYay9/8caUCdI03SSSIoA6e3///8de/qFjQAcLKaVYhavN3H8Sp4OWq2ueZvTSscQ8sPiX0DGimMif0TqCVkbxaVgBRrzLjrecdTF0wtPehz+6ewN70bT2zxw7nGu++EvZ2x01QsQxOGEOguscBzXFD8ht4KbjiCxgYiJ8IgIgkamyoMxdvhkEQntS4Oz/n/nSJhBjbgk0Y2tUmsFVEPDov5V/5ELjFkVVAAAAAEA/f+7+rkGAj0AAAABAJ/vDoAFaJuc",
);
/** {@link sampleLetters} from a pipe. */
export const LETTERS = decode(
  "KLUv/QQ4NS0AiruEFhCwJW22ESKR3b1TmhmGYRQEYAFiAWIBcpYzndyxM6aPpLrcq42eogTTcj+PQsMaRl75kYtuNOBB5MoKyp/bRjwEFiVmKJ22AWFHFQvAtI5crsbdOZEskNIngGsxIL/gRcGiQtXq+jvhSTA9RW51M2syKRDUc73rY4tbwhFNC7aLLcHomgBdZ1BUhoDAR6y7tUbWWQYwbqLX/KnPB0UBXLtQmkIlpBR+BPjlNLfoPpJDNgvpWE4ee74D6SAGaRtDID6BKgtfD0YP9FPFF7TqkQh7OONq+55vgOElIMH0DouK5hRtgPDbYEJkizlExFhKWEJUJkLgBy9tJKOQnmP4AaasAj3e3x9QjLyiS9mxXXbMVZZB7K9tgSRWBk6oxPymVP0KGY/LzTbuFdRVpspqJqOdmTlyK8hsPkkBmWtEsCyu6EU8mG1hhPVCMuKdOyJGCHRwGx7Zr2qRLs8jgqRzKKTY2AhR7HR41URYr2033mslwoPkM9QpYv5dBOz9qV0lJmqC88JgoT6mNE65NYCovS0Yc8ESQk7zjsIZ4bOgwbQka/gYpMePaabCeUnhdm9JZkctytyJt8mnwgVycIRvWXIHo1ALeuERrj8uHlMkRhMYIOtBVIEknJJ5LRPU0JjyGQ5bZBDGLJQBwONLg+7NBcXCqHgSJntoh/aSQwjdeOS8MjBVsNBFW2VCjoF0KpXquFiiD/WckcCbYaaEvDqdLBRjEhEiYsLcq0r+tCRaVaZT5RBQVLUrc98/2KSlW5rAYV2JpyMQGvtpKQplztwfcThWRhEKH6qHSghXF42aRIXgtPS96kZO9PUq2YHvGrFIEK6LGvQMKxI/XObrn3avMAAru1bUDJ5aYyJY8qBsI0FxEmtOstSQEeFaVHcsonSgEbsaelUqaKXSKq7l14yvJlMT6mcmkMPbkGS3z5FCwlVniKI0TIFUTAgfLzpVhQAIJOfh2J32+iBjBNJ3bvAjXHVcANIdzYTOjDnLIJGD1EmCp+6ABxEYHHyGpto9FXTJSS5jMs0DDsE9eETBoH0TRN+xUGQXORrA/sX5cG5SlSK79UuGjusTNC66CgqKNJOouAaUkD7/Uraq4fDDzUqM2/KI6+GGIQjRnCil5HI9Qrbj9RZj6r+mBpkNlnjGYBtJydpANqwyAIWyxz6PYYYMU9JxK0LD6E5nF+DiU004o7KmPsp9AAeplHkNwwvBC8eUbkS3tk1Uw6COn48SI078qwtvQfVVu3BzIpPE1IcfV/ciYUqdKY3rIhyEJlBoegeOUVHgkJcoqOXNgmpVt7QAQwB/Kev4vo9QLMhVTw8e/0hGzBPp/AK6Wh80zL8gvfE9b1gCWExb2AN7lmhokAWI2TFEEXMfn6mAo1gBTF8VIzJEpXpkXGhIvdH6mMY/WcxxDfEgDrHlCyHVFFDgB4XDPhleiURSZIvHyIy1A7TLVyUC4O+W7BGqrugICkQkMyMIJgHx4tUKgzJNYD/RiF07rd9JpjT5kn4RZYGUuEwf6kkf2w84JfZ/6stATMtIyLz+lDrygIrthOoZkIpOjLlq+iiHzi7XZlBMbwmKwloUPgDzLGTxmWHUuRyNO6AwFxIK4hwveUywBaVKENcTi4VoPuQA0VpufhK+E1SgMUdUeJY5sHJHqeB8biVFwkgA/A8t7hLbp5oK27D7hAsliAhqfKyzLcwsgUgIPPMT5MFlBkDG3L3m7pIe5ohaMggks9DsuvCS2RamgQYbhsKd8yF40JvUgBIpdmdJIeE9bNpAAKBTNe0eWMNghggAgBn9TrGS66ksts6DnohnxhadDQtF22Iqr4HSeoQW5mOPvBWK8RkuMJSMkbhsx1Bc082hVqTkkYGGEP7jahn51LGyGqEG3RAp3CyCEoAGHycgyGCwKs3pCxQ0s/2tlB+BTdPjjF1SyQIAcOUfSQ==",
);
/** 300 000 bytes of zero from a pipe. */
export const ZEROES = decode("KLUv/QRYVAAAEAAAAQD7/znAAgIAEAADnwQALSjeJg==");
/** `7 w`, a newline; without checksum. Shorter than the decoder's look-ahead. */
export const SHORT = decode("KLUv/QBYIQAANyB3Cg==");
/** No byte at all. */
export const NOTHING = decode("KLUv/SQAAQAAmenYUQ==");
