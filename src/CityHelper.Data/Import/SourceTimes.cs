namespace CityHelper.Data.Import;

/// <summary>Reads the formats of local times that Socrata portals and spreadsheets write.</summary>
public static class SourceTimes
{
    /// <summary>
    /// <c>10/21/18 0:00</c> (24 hours, two-digit year of this century), <c>05/01/2022 12:00:03 AM</c>, or
    /// <c>2025-10-14T01:51:17.000</c>. Nothing else: a guessed date is worse than a rejected row.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<char> text, out DateTime local)
    {
        local = default;
        var parts = new Cursor(text);
        return text.Length > 10 && text[10] == 'T' ? TryReadIso(ref parts, out local) : TryReadSlashed(ref parts, out local);
    }

    private static bool TryReadIso(ref Cursor at, out DateTime local)
    {
        local = default;
        return at.Number(4, 4, out int year) && at.Skip('-')
            && at.Number(2, 2, out int month) && at.Skip('-')
            && at.Number(2, 2, out int day) && at.Skip('T')
            && at.Number(2, 2, out int hour) && at.Skip(':')
            && at.Number(2, 2, out int minute) && at.Skip(':')
            && at.Number(2, 2, out int second)
            && at.OptionalMilliseconds(out int milliseconds) && at.AtEnd
            && TryMake(year, month, day, hour, minute, second, milliseconds, out local);
    }

    private static bool TryReadSlashed(ref Cursor at, out DateTime local)
    {
        local = default;
        if (!(at.Number(1, 2, out int month) && at.Skip('/') && at.Number(1, 2, out int day) && at.Skip('/')))
        {
            return false;
        }

        int yearStart = at.Position;
        if (!(at.Number(2, 4, out int year) && at.Skip(' ')
            && at.Number(1, 2, out int hour) && at.Skip(':') && at.Number(2, 2, out int minute)))
        {
            return false;
        }

        int yearDigits = at.YearDigits(yearStart);
        if (yearDigits == 2)
        {
            return at.AtEnd && TryMake(2000 + year, month, day, hour, minute, 0, 0, out local);
        }

        return yearDigits == 4
            && at.Skip(':') && at.Number(2, 2, out int second) && at.Skip(' ') && at.HalfOfDay(out int noon) && at.AtEnd
            && hour is >= 1 and <= 12
            // 12 AM is midnight and 12 PM is noon.
            && TryMake(year, month, day, (hour % 12) + noon, minute, second, 0, out local);
    }

    private static bool TryMake(int year, int month, int day, int hour, int minute, int second, int milliseconds, out DateTime local)
    {
        bool exists = year is >= 1 and <= 9999 && month is >= 1 and <= 12
            && day >= 1 && day <= DateTime.DaysInMonth(year, month)
            && hour < 24 && minute < 60 && second < 60;
        local = exists ? new DateTime(year, month, day, hour, minute, second, milliseconds, DateTimeKind.Unspecified) : default;
        return exists;
    }

    private ref struct Cursor(ReadOnlySpan<char> text)
    {
        private readonly ReadOnlySpan<char> _text = text;

        public int Position { get; private set; }

        public readonly bool AtEnd => Position == _text.Length;

        public readonly int YearDigits(int from) => _text[from..].IndexOf(' ');

        public bool Skip(char c)
        {
            bool there = Position < _text.Length && _text[Position] == c;
            Position += there ? 1 : 0;
            return there;
        }

        public bool Number(int digitsMin, int digitsMax, out int number)
        {
            int start = Position;
            number = 0;
            while (Position < _text.Length && Position - start < digitsMax && char.IsAsciiDigit(_text[Position]))
            {
                number = (number * 10) + (_text[Position++] - '0');
            }

            return Position - start >= digitsMin;
        }

        /// <summary>A fraction of up to nine digits, of which the first three count.</summary>
        public bool OptionalMilliseconds(out int milliseconds)
        {
            milliseconds = 0;
            if (!Skip('.'))
            {
                return true;
            }

            int start = Position;
            for (int weight = 100; Position < _text.Length && Position - start < 9 && char.IsAsciiDigit(_text[Position]); weight /= 10)
            {
                milliseconds += (_text[Position++] - '0') * weight;
            }

            return Position > start;
        }

        public bool HalfOfDay(out int noon)
        {
            bool afternoon = _text[Position..].Equals("PM", StringComparison.OrdinalIgnoreCase);
            noon = afternoon ? 12 : 0;
            bool read = afternoon || _text[Position..].Equals("AM", StringComparison.OrdinalIgnoreCase);
            Position += read ? 2 : 0;
            return read;
        }
    }
}
