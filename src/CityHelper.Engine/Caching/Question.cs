namespace CityHelper.Engine.Caching;

/// <summary>What is asked at a cacheable address. Equal questions have equal answers.</summary>
/// <param name="Client">The client, which the host alone names here.</param>
/// <param name="Target">
/// The canonical address: path and query as in the request line. It is one text for one operation and one set of variables, so that a
/// stored answer is found before either is read.
/// </param>
public sealed record Question(string Client, string Target)
{
    /// <summary>The bytes of its texts in memory.</summary>
    internal int Bytes => sizeof(char) * (Client.Length + Target.Length);
}
