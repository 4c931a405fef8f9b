namespace CityHelper.Engine;

/// <summary>What a client may write. Each level includes those before it.</summary>
public enum WriteAccess
{
    /// <summary>Nothing: queries only.</summary>
    None,

    /// <summary>Mutations that anybody may send, such as reporting something new.</summary>
    Report,

    /// <summary>All mutations.</summary>
    All,
}
