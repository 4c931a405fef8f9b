using System.Collections.Concurrent;

namespace CityHelper.Engine.Transport.Http;

/// <summary>What values of a request header mean: browsers and libraries send a handful, and reading one costs more than a hit.</summary>
internal static class KnownHeaders
{
    /// <summary>
    /// Keeps what a value means. When there are too many, all are forgotten: somebody sends odd ones, and the usual ones come back at once.
    /// </summary>
    /// <param name="known">What is known by now.</param>
    /// <param name="value">The header's value.</param>
    /// <param name="meaning">What it means.</param>
    public static void Keep<T>(ConcurrentDictionary<string, T> known, string value, T meaning)
    {
        if (value.Length > Limits.KnownHeaderCharsMax)
        {
            return;
        }

        if (known.Count >= Limits.KnownHeadersMax)
        {
            known.Clear();
        }

        known.TryAdd(value, meaning);
    }
}
